"""Keys and signatures: the master key, what is derived from it, Ed25519; fsync."""

from __future__ import annotations
