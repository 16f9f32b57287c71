"""What the trail's own duties do at the end of a simulated day, as of that time.

Guarantees: what was recorded is sealed; with a home for keys, personal values are kept
encrypted, and the day's end is signed and anchored, as `prooftrail serve` would have
done it then.
"""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.keep.beginning import EPOCHS, open_keys
from prooftrail.keep.epoch_files import EpochFiles
from prooftrail.keep.keeper import Keeper
from prooftrail.keep.publishing import Publishing
from prooftrail.seal.sealer import Sealer
from prooftrail.sign.anchor import Anchor
from prooftrail.sign.signer import Signer
from prooftrail.sign.state import SignerStates
from prooftrail.signing.keys import load_master_key
from prooftrail.store import connect

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from prooftrail.keep.keys import KeeperKeys


class Home(NamedTuple):
    """Where keys lie; as `prooftrail init` made them."""

    key_file: Path  # the signer's
    state: Path  # the signer's
    anchor: Path
    keeper: Path

    @property
    def epoch_keys(self) -> Path:
        """What the application reads, to encrypt personal values to the keeper."""
        return self.keeper / "epoch-keys.json"


class Nights:
    """Seals, keeps and signs at the times that it is told.

    Args:
        dsn: the administrator's.
        home: of the keys; without it nothing is kept and nothing signed.
        stack: closes what is opened.
    """

    def __init__(self, dsn: str, home: Home | None, stack: ExitStack) -> None:
        self._dsn = dsn
        self._home = home
        self._now_us = 0
        self._keys: KeeperKeys | None = None
        self._signer: Signer | None = None
        if home is None:
            return
        with closing(self._connection("keeper", autocommit=True)) as link:
            self._keys = open_keys(link, home.keeper, random=os.urandom)
        states = stack.enter_context(SignerStates.open(home.state))
        self._signer = stack.enter_context(
            closing(
                Signer(
                    lambda: self._connection("signer", autocommit=True),
                    keys=load_master_key(home.key_file),
                    states=states,
                    anchors=[Anchor(home.anchor)],
                    clock=self._clock,
                )
            )
        )

    def end(self, now_us: int) -> None:
        """Do all duties as of a time (microseconds since the epoch)."""
        self._now_us = now_us
        self._seal()
        self.keep(now_us)
        if self._signer is not None:
            self._signer.once()

    def keep(self, now_us: int) -> None:
        """Publish the keys of the days to come, and keep what waits."""
        self._now_us = now_us
        if self._home is None or self._keys is None:
            return
        keeper = Keeper(
            lambda: self._connection("keeper"),
            keys=self._keys,
            epochs=EpochFiles(self._home.keeper / EPOCHS, random=os.urandom),
            publishing=Publishing(self._home.epoch_keys),
            clock=self._clock,
        )
        with closing(keeper):
            keeper.drain()

    def _seal(self) -> None:
        sealer = Sealer(
            lambda: self._connection("sealer"),
            clock=self._clock,
            random=os.urandom,
            past=True,
        )
        with closing(sealer):
            sealer.drain()

    def _clock(self) -> int:
        return self._now_us

    def _connection(
        self, login: str, *, autocommit: bool = False
    ) -> connect.Connection:
        return connect.connect(login, dsn=self._dsn, autocommit=autocommit)
