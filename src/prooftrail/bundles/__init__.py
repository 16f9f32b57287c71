"""Evidence bundles: entries with all that proves them, checked without a database."""

from __future__ import annotations

EVIDENCE = "evidence.jsonl"
TREE = "tree.jsonl"
CHECKPOINT = "checkpoint.txt"
PUBLIC_KEY = "public-key.txt"
FILES = (EVIDENCE, TREE, CHECKPOINT, PUBLIC_KEY)
