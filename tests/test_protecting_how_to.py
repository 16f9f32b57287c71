"""The how-to about personal values, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import prooftrail
from prooftrail.capture import process
from tests.keeping_rig import Rig

if TYPE_CHECKING:
    import pytest

    from tests.trail import Trail

PAGE = Path(__file__).parent.parent / "docs/how-to/protect-personal-values.md"


def test_what_the_page_says_protects_and_is_revealed(
    trail: Trail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(trail, tmp_path / "keeper")
    rig.keep()
    monkeypatch.setenv("PROOFTRAIL_WRITER_DSN", trail.login_dsn("writer"))
    monkeypatch.setenv("PROOFTRAIL_EPOCH_KEYS", str(rig.published))
    before = process._default.recorder
    monkeypatch.setattr(process._default, "recorder", None)
    record, use = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    try:
        exec(use, {"prooftrail": prooftrail})
        exec(record, {})
    finally:
        made = process._default.recorder
        assert made is not None
        made.close()
        process._default.recorder = before
    rig.seal()
    assert rig.keep().values == 2
    assert rig.misfits() == []
    (event,) = rig.events("customer.email.update")
    assert "ann@" not in str(event)
