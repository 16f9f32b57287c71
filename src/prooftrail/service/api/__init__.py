"""The trail over HTTP: one module a kind of request."""
