"""What `generate.py` is made of: the format once more, from the specification alone.

Nothing here imports `prooftrail`: expected values come from hashlib, struct, rfc8785
and cryptography, so that a mistake in the package cannot hide in its own vectors.
"""

from __future__ import annotations
