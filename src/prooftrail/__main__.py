"""``python -m prooftrail``: the command line."""

from __future__ import annotations

from prooftrail.cli import main

main(prog_name="prooftrail")
