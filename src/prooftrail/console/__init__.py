"""The console: the trail for people who write no SQL, as pages of a server."""
