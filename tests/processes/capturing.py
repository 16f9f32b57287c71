"""A process that serves the contract's application on FastAPI, and is killed.

Run as ``python -m tests.processes.capturing PATIENCE``; writes its address. The
database and the spool are what the environment names.
"""

from __future__ import annotations

import sys
import time

import prooftrail
from tests.capturing import with_fastapi


def main(patience: str) -> None:
    recorder = prooftrail.open_recorder(patience=float(patience))
    with with_fastapi.serve(recorder) as url:
        print(url, flush=True)
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
