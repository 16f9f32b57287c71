"""The trail service: the duties under one roof, and the trail over HTTP."""
