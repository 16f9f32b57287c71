"""A process that records with the policy `spool` and writes down what was acknowledged.

Run as ``python -m tests.processes.spooler FILE WORKER``; killed from outside. The
database and the spool are what the environment names.
"""

from __future__ import annotations

import os
import sys
import threading
from itertools import count

import prooftrail


def main(path: str, worker: str) -> None:
    acknowledged = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    recorder = prooftrail.open_recorder()

    def work(thread: int) -> None:
        for number in count():
            event_id = recorder.record(
                actor={"userId": f"{worker}-{thread}"},
                action="customer.pii.view",
                resource={"type": "customer", "id": f"canary-{number}"},
                result="success",
                policy="spool",
            )
            os.write(acknowledged, f"{worker}-{thread} {event_id}\n".encode())

    for thread in range(4):
        threading.Thread(target=work, args=(thread,)).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
