"""What Poppler's `pdfsig` says of a signed PDF: somebody else's reading of it."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

needs_pdfsig = pytest.mark.skipif(
    shutil.which("pdfsig") is None,
    reason="pdfsig is not on this machine: install poppler-utils",
)


def said(path: Path) -> str:
    """Return what it prints, without looking for whose certificate it is."""
    done = subprocess.run(
        ["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False
    )
    return done.stdout
