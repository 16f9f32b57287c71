"""A trail service as a process of its own, on a test's trail."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from prooftrail.signing.keys import create_master_key
from tests.receiving import HOST, SECRET
from tests.watching_rig import until

if TYPE_CHECKING:
    from typing import Self

    from tests.receiving import Receiver
    from tests.trail import Trail

ROOT = Path(__file__).parents[1]


class Serving:
    """Runs it; its log lines are gathered."""

    program: tuple[str, ...] = ("-m", "tests.processes.serving")
    relative = False  # whether its places are named as seen from the trail's directory

    def __init__(self, trail: Trail, *arguments: str, **env: str) -> None:
        self.trail = trail
        self.lines: list[dict[str, Any]] = []
        self.text = ""
        directory = trail.directory
        self.key_file = directory / "signing.key"
        if not self.key_file.exists():
            create_master_key(self.key_file, os.urandom)
        self.anchor = directory / "anchor"
        self.anchor.mkdir(exist_ok=True)
        place = Path() if self.relative else directory
        self.process = subprocess.Popen(
            [
                sys.executable,
                *self.program,
                "serve",
                "--port=0",
                "--processes=1",
                f"--anchor={place / 'anchor'}",
                f"--key-file={place / 'signing.key'}",
                f"--state-dir={place / 'state'}",
                f"--keeper-dir={place / 'keeper'}",
                f"--access-key={place / 'access.key'}",
                f"--epoch-keys={place / 'epoch-keys.json'}",
                *arguments,
            ],
            cwd=directory if self.relative else ROOT,
            env=trail.env | {"PROOFTRAIL_WEBHOOK_SECRET": SECRET.decode()} | env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reading = threading.Thread(target=self._read)
        self._reading.start()
        self.http = httpx.Client(trust_env=False, timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reading.join()
        self.http.close()
        if self.process.stderr is not None:
            self.process.stderr.close()

    @property
    def url(self) -> str:
        until(lambda: self.said("listening"), f"listening: {self.text}")
        return str(self.said("listening")[0]["url"])

    def said(self, message: str, **more: object) -> list[dict[str, Any]]:
        return [
            line
            for line in list(self.lines)
            if line["message"] == message
            and all(line.get(key) == value for key, value in more.items())
        ]

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"{self.url}/state").json()
        return found

    def metric(self, name: str) -> float | None:
        text = self.http.get(f"{self.url}/metrics").text
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return None if found is None else float(found[1])

    def record(self, **changes: Any) -> None:
        event = {
            "actor": {"userId": "usr_1"},
            "action": "customer.pii.view",
            "resource": {"type": "customer", "id": "cust_1"},
            "result": "success",
        }
        self.http.post(f"{self.url}/events", json=event | changes).raise_for_status()

    def child(self, command: str) -> int:
        """Return the process id of a duty."""
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        found = re.search(
            rf"^ *(\d+) .* -m prooftrail {command}\b", listed, re.MULTILINE
        )
        return int(found[1]) if found else 0

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(90)
        self._reading.join()
        return code

    def _read(self) -> None:
        for line in self.process.stderr or ():
            self.text += line
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                continue


def alerting(receiver: Receiver) -> list[str]:
    """Return the options that alert to a receiver on this machine."""
    url = receiver.url.replace(HOST, "127.0.0.1")
    return [
        f"--webhook={url}",
        "--webhook-http=127.0.0.1",
        "--webhook-allow=127.0.0.0/8",
    ]
