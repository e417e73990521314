"""A Redis of one's own that can be broken: for tests and benchmarks of what shares caches."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import redis

START_SECONDS = 20.0


class RedisServer:
    """A server on a socket of the file system, which keeps nothing on disk.

    Not started yet. `close` ends it, and removes its folder.
    """

    def __init__(self, program: Path) -> None:
        self._program = program
        # Names of sockets are short, those of test folders are not.
        self._folder = Path(tempfile.mkdtemp(prefix="redis-"))
        self.socket = self._folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.client = redis.Redis(unix_socket_path=str(self.socket))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        """Start it, without entries; waits until it answers."""
        settings = [
            "--port", "0", "--unixsocket", str(self.socket), "--dir", str(self._folder),
            "--save", "", "--appendonly", "no", *options,
        ]  # fmt: skip
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([self._program, *settings], stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"redis-server: {(self._folder / 'log').read_text()}")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a crash does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)
        self._process = None

    def freeze(self) -> None:
        """Let connections be made and nothing be answered, as a machine that swaps does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def fill(self) -> None:
        """Let it refuse writes for want of memory, with the entries it has."""
        self.client.config_set("maxmemory-policy", "noeviction")
        self.client.config_set("maxmemory", 1)

    def empty(self) -> None:
        """Give it all the memory it wants."""
        self.client.config_set("maxmemory", 0)

    def close(self) -> None:
        if self._process is not None:
            self.kill()
        self.client.close()
        shutil.rmtree(self._folder)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.AuthenticationError:  # it answers that
            return True
        except redis.RedisError:
            return False
