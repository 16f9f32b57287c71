"""Access that was granted: which events do, and who approved it beforehand. Pure."""
