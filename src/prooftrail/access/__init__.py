"""API keys: tokens, and what their roles may do. What they read, RLS limits."""
