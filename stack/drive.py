"""Drive real work through a backend that runs elsewhere: `python -m stack.drive --url URL`.

Until SIGINT or SIGTERM; then what was done is printed. The exit code is 1 when something failed.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from stack.client import Api
from stack.load import Load
from stack.tally import Tally


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="stack.drive", description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True, help="such as http://127.0.0.1:8000")
    parser.add_argument("--token-file", type=Path, help="with the token of the service")
    given = parser.parse_args(arguments)
    token = given.token_file.read_text().strip() if given.token_file else ""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    tally = Tally()
    load = Load(Api(given.url, token), tally)
    load.start()
    stopping.wait()
    load.stop()
    for (what, status), number in sorted(tally.jobs.items()):
        sys.stdout.write(f"{what}: {number} {status}\n")
    for failure in tally.failures:
        sys.stderr.write(f"{failure}\n")
    return 1 if tally.failure_count else 0


if __name__ == "__main__":
    sys.exit(main())
