"""Starts services in order, watches them, and stops them and only them in reverse order."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import psutil
import redis

LAUNCHER = Path(__file__).with_name("child.py")
LOG_TAIL_LINES = 15
POLL_SECONDS = 0.05


class StackError(Exception):
    """A service could not be started; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Service:
    """One process of the stack. `port` 0 means that it listens on nothing we check."""

    name: str
    command: Sequence[str]
    port: int = 0
    port_variable: str = ""
    other_ports: Mapping[str, int] = field(default_factory=dict)
    """Further ports it listens on, by variable."""
    host: str = "127.0.0.1"
    ready_url: str = ""
    """Answers a GET with a success once the service is ready; or the address of a Redis."""
    token: str = ""
    """What it asks for, where it asks for one."""
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    start_seconds: float = 60.0
    stop_seconds: float = 15.0


@dataclass(slots=True)
class Running:
    service: Service
    process: subprocess.Popen[bytes]
    log: Path
    reported: bool = False


@dataclass(frozen=True, slots=True)
class Death:
    """A service that ended by itself."""

    name: str
    returncode: int
    log: Path

    def __str__(self) -> str:
        how = f"exit code {self.returncode}"
        if self.returncode < 0:
            how = signal.Signals(-self.returncode).name
        return f"{self.name} ended by itself ({how}); its last lines in {self.log}:\n" + tail(
            self.log
        )


@dataclass(slots=True)
class Supervisor:
    """Owns the processes it started. Use from the main thread, as a context manager.

    The kernel ties a child to the *thread* that started it, so a thread that ends would take its
    services with it.
    """

    logs_dir: Path
    running: list[Running] = field(default_factory=list)

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def start(self, service: Service, interrupted: Callable[[], bool] = lambda: False) -> Running:
        """Start one service and wait until it is ready.

        Raises StackError when its port is taken, when it ends, is not ready in time, or when
        `interrupted()` turns true while waiting.
        """
        if service.port:
            require_free_port(service)
        for variable, port in service.other_ports.items():
            require_free_port(replace(service, port=port, port_variable=variable))
        started = self._spawn(service)
        self.running.append(started)
        deadline = time.monotonic() + service.start_seconds
        while not is_ready(service):
            if (death := self._death(started)) is not None:
                started.reported = True
                raise StackError(str(death))
            if interrupted():
                raise StackError(f"stopped while {service.name} was starting")
            if time.monotonic() > deadline:
                raise StackError(
                    f"{service.name} was not ready after {service.start_seconds:.0f} s; "
                    f"its last lines in {started.log}:\n{tail(started.log)}"
                )
            time.sleep(POLL_SECONDS)
        return started

    def deaths(self) -> list[Death]:
        """Services that ended by themselves since the last call."""
        found = []
        for started in self.running:
            if not started.reported and (death := self._death(started)) is not None:
                started.reported = True
                found.append(death)
        return found

    def end(self, name: str, *, kill: bool = False) -> None:
        """Stop one service before the others, or kill it and all of its processes; for drills.

        It can be started again. Raises LookupError when no service of that name was started.
        """
        for started in self.running:
            if started.service.name == name:
                break
        else:
            raise LookupError(f"no service {name} was started")
        if kill:
            _kill_group(started.process.pid)
        _stop(started)
        self.running.remove(started)

    def stop(self) -> None:
        """Stop every started service, the last started first. Safe to call again."""
        while self.running:
            _stop(self.running.pop())

    def _spawn(self, service: Service) -> Running:
        self.logs_dir.mkdir(parents=True, exist_ok=True)
        log = self.logs_dir / f"{service.name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-I", str(LAUNCHER), str(os.getpid()), *service.command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env=None if service.env is None else dict(service.env), cwd=service.cwd,
                # Ctrl-C in the terminal must reach the launcher alone, which stops things in order.
                start_new_session=True,
            )  # fmt: skip
        return Running(service, process, log)

    def _death(self, started: Running) -> Death | None:
        if not has_ended(started.process):
            return None
        # Reaped only when the whole group is gone: until then nobody else can get its id.
        _kill_group(started.process.pid)
        return Death(started.service.name, started.process.wait(), started.log)


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it ended, without reaping it: its process group id stays ours."""
    if process.returncode is not None:
        return True
    if not hasattr(os, "waitid"):  # macOS before Python 3.13
        return process.poll() is not None
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    try:
        return os.waitid(os.P_PID, process.pid, flags) is not None
    except ChildProcessError:
        return True


def _stop(started: Running) -> None:
    process = started.process
    if process.returncode is not None:
        return
    if not has_ended(process):
        process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + started.service.stop_seconds
    while not has_ended(process) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    _kill_group(process.pid)
    process.wait()


def _kill_group(group: int) -> None:
    # macOS answers EPERM for a group of which only the unreaped leader is left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def bearer(token: str) -> dict[str, str]:
    """The header that brings a token; none without one."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def is_ready(service: Service) -> bool:
    """Whether the service answers its readiness call with a success; true when it has none."""
    if not service.ready_url:
        return True
    if service.ready_url.startswith("redis://"):
        return _answers_ping(service.ready_url)
    try:
        return httpx.get(
            service.ready_url, headers=bearer(service.token), timeout=2.0, trust_env=False
        ).is_success
    except httpx.HTTPError:
        return False


def _answers_ping(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=2.0) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def require_free_port(service: Service) -> None:
    """Raises StackError naming port, variable and, where it can be known, the holder."""
    with socket.socket() as probe:
        # As servers do: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((service.host, service.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                why = f"in use{port_holder(service.port)}"
            else:
                why = f"not ours to use: {error.strerror}"
            raise StackError(
                f"{service.name}: port {service.port} on {service.host} is {why}. "
                f"Stop what holds it or set {service.port_variable} to another port."
            ) from None


def port_holder(port: int) -> str:
    """` by NAME (pid N)` for the process that listens on the port; empty when it cannot be seen."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status != psutil.CONN_LISTEN or connection.laddr[1:] != (port,):
                continue
            if connection.pid is None:
                return " by another user's process"
            return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:  # macOS shows sockets to root only
        pass
    return ""


def tail(log: Path, lines: int = LOG_TAIL_LINES) -> str:
    """Last lines of a log, indented."""
    try:
        text = log.read_text(errors="replace").splitlines()[-lines:]
    except OSError as error:
        text = [str(error)]
    return "\n".join(f"    {line}" for line in text)
