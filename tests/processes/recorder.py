"""A process that records without pause and writes down what was acknowledged.

Run as ``python -m tests.processes.recorder FILE STREAM...``; killed from outside.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from itertools import count

import prooftrail
from prooftrail.core import ids
from prooftrail.store import connect


def main(path: str, streams: list[str]) -> None:
    acknowledged = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    recorder = prooftrail.Recorder(
        lambda: connect.connect("writer"),
        clock=lambda: time.time_ns() // 1000,
        random=os.urandom,
    )

    def work(stream: str) -> None:
        for number in count():
            event_id = ids.uuid7(time.time_ns() // 1000, os.urandom(8))
            try:
                recorder.record(
                    event_id=event_id,
                    actor={"userId": f"usr_{number % 50}"},
                    action="customer.pii.view",
                    resource={"type": "customer", "id": f"cust_{number}"},
                    result="success",
                    stream=stream,
                )
            except prooftrail.ProoftrailError:
                continue  # not acknowledged: it may or may not be there
            os.write(acknowledged, f"{event_id}\n".encode())

    threads = [
        threading.Thread(target=work, args=(stream,), daemon=True)
        for stream in streams
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
