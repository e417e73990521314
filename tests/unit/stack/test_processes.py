"""Starting, watching and stopping, with small real child processes."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack.processes import Service, StackError, Supervisor, is_ready
from tests.gone import gone
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[3]

SERVER = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
QUIET = "import time; time.sleep(600)"
SLEEPER = f"print('sleeping', flush=True); {QUIET}"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
WITH_CHILD = (
    "import subprocess, sys, time;"
    f"print(subprocess.Popen([sys.executable, '-c', {QUIET!r}]).pid, flush=True);"
    "time.sleep(600)"
)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor(tmp_path / "logs") as owner:
        yield owner


def python(code: str, name: str = "child", **more) -> Service:
    return Service(name, [sys.executable, "-c", code], **more)


def server(port: int) -> Service:
    return Service(
        "server", [sys.executable, "-c", SERVER, str(port)], port=port, port_variable="SOME_PORT",
        ready_url=f"http://127.0.0.1:{port}/",
    )  # fmt: skip


def eventually(condition: Callable[[], object], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


def test_a_started_service_is_ready(supervisor: Supervisor, port: int) -> None:
    """`start` returns once the readiness call succeeds."""
    supervisor.start(server(port))
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass


def test_stop_ends_all_in_reverse_order(supervisor: Supervisor, tmp_path: Path) -> None:
    """The last started service is the first to end."""
    note = (
        "import pathlib, signal, sys, time\n"
        "def end(*_):\n"
        f"    with open({str(tmp_path / 'ended')!r}, 'a') as f: f.write(sys.argv[1])\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "pathlib.Path(sys.argv[2]).touch()\n"
        "time.sleep(600)\n"
    )
    for name in "abc":
        up = tmp_path / f"up-{name}"
        supervisor.start(Service(name, [sys.executable, "-c", note, name, str(up)]))
        eventually(up.exists)
    supervisor.stop()
    assert (tmp_path / "ended").read_text() == "cba"


def test_stop_kills_what_does_not_listen(supervisor: Supervisor, tmp_path: Path) -> None:
    """A service that ignores SIGTERM is killed when its time is over."""
    started = supervisor.start(python(STUBBORN, stop_seconds=0.2))
    eventually(lambda: "sleeping" in started.log.read_text())
    supervisor.stop()
    assert gone(started.process.pid)


def test_stop_takes_the_children_of_a_service_with_it(supervisor: Supervisor) -> None:
    """Nothing of a service's process group stays."""
    started = supervisor.start(python(WITH_CHILD))
    eventually(lambda: started.log.read_text().endswith("\n"))
    child = int(started.log.read_text())
    supervisor.stop()
    eventually(lambda: gone(child))


@pytest.mark.parametrize("kill", [False, True])
def test_one_service_can_be_ended_and_started_again(
    supervisor: Supervisor, port: int, kill: bool
) -> None:
    """Its processes and its port are gone, which is no death to report; the others go on."""
    other = supervisor.start(python(SLEEPER, "other"))
    first = supervisor.start(server(port))
    supervisor.end("server", kill=kill)
    assert gone(first.process.pid)
    assert supervisor.deaths() == []
    assert other.process.poll() is None
    again = supervisor.start(server(port))
    assert is_ready(again.service)


def test_a_killed_service_cannot_resist(supervisor: Supervisor) -> None:
    """One that ignores SIGTERM is not given its time."""
    started = supervisor.start(python(STUBBORN, "stubborn", stop_seconds=300.0))
    eventually(lambda: "sleeping" in started.log.read_text())
    began = time.monotonic()
    supervisor.end("stubborn", kill=True)
    assert time.monotonic() - began < 60.0
    assert gone(started.process.pid)


def test_only_what_was_started_can_be_ended(supervisor: Supervisor) -> None:
    """A name that is not there is an error, not silence."""
    with pytest.raises(LookupError, match="ghost"):
        supervisor.end("ghost")


def test_stop_leaves_other_processes_alone(supervisor: Supervisor) -> None:
    """A process that the supervisor did not start outlives it."""
    with subprocess.Popen([sys.executable, "-c", SLEEPER]) as other:
        supervisor.start(python(SLEEPER))
        supervisor.stop()
        assert other.poll() is None
        other.kill()


def test_an_error_inside_stops_what_was_started(tmp_path: Path) -> None:
    """Leaving the context by an exception stops the services."""
    pids = []

    def work() -> None:
        with Supervisor(tmp_path) as supervisor:
            pids.append(supervisor.start(python(SLEEPER)).process.pid)
            raise RuntimeError("oops")

    with pytest.raises(RuntimeError, match="oops"):
        work()
    assert gone(pids[0])


def test_a_death_is_reported_once_with_the_log(supervisor: Supervisor, tmp_path: Path) -> None:
    """A service that ends by itself is named with its exit code and its last words."""
    go = tmp_path / "go"
    code = (
        "import pathlib, sys, time\n"
        f"while not pathlib.Path({str(go)!r}).exists(): time.sleep(0.01)\n"
        "print('last words'); sys.exit(3)\n"
    )
    supervisor.start(python(code, name="mortal"))
    assert supervisor.deaths() == []
    go.touch()
    found: list = []
    eventually(lambda: found.extend(supervisor.deaths()) or found)
    assert [(death.name, death.returncode) for death in found] == [("mortal", 3)]
    assert "last words" in str(found[0])
    assert supervisor.deaths() == []


def test_a_service_that_ends_while_starting_is_an_error(supervisor: Supervisor, port: int) -> None:
    """A crash before readiness is told at once, with the log."""
    service = python("raise SystemExit('cannot go on')", ready_url=f"http://127.0.0.1:{port}/")
    with pytest.raises(StackError, match="cannot go on"):
        supervisor.start(service)


def test_a_service_that_is_never_ready_is_an_error(supervisor: Supervisor, port: int) -> None:
    """Readiness has a deadline."""
    url = f"http://127.0.0.1:{port}/"
    with pytest.raises(StackError, match="was not ready after"):
        supervisor.start(python(SLEEPER, ready_url=url, start_seconds=0.3))


def test_a_missing_program_is_an_error(supervisor: Supervisor, port: int) -> None:
    """A binary that is not there is named."""
    service = Service("ghost", ["/no/such/program"], ready_url=f"http://127.0.0.1:{port}/")
    with pytest.raises(StackError, match="cannot run /no/such/program"):
        supervisor.start(service)


def test_a_port_in_use_names_port_variable_and_holder(supervisor: Supervisor) -> None:
    """The message says which port, which variable moves it, and who has it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        with pytest.raises(StackError) as raised:
            supervisor.start(server(taken))
    for word in (str(taken), "SOME_PORT", f"pid {os.getpid()}"):
        assert word in str(raised.value)
    assert supervisor.running == []


def test_a_second_port_in_use_is_named_as_well(supervisor: Supervisor, port: int) -> None:
    """A service that listens on two ports is not started when either is taken."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        service = python(SLEEPER, port=port, other_ports={"OTHER_PORT": taken})
        with pytest.raises(StackError, match=f"port {taken} .*OTHER_PORT"):
            supervisor.start(service)


def test_an_interrupt_ends_the_wait(supervisor: Supervisor, port: int) -> None:
    """A signal while a service starts is not kept waiting for its readiness."""
    service = python(SLEEPER, ready_url=f"http://127.0.0.1:{port}/", start_seconds=600)
    with pytest.raises(StackError, match="stopped while"):
        supervisor.start(service, interrupted=lambda: True)


@pytest.mark.skipif(sys.platform != "linux", reason="relies on Linux's parent-death signal")
def test_no_service_outlives_a_killed_launcher(tmp_path: Path) -> None:
    """Services end even when the launcher is killed outright."""
    launcher = (
        "import sys, time; from pathlib import Path\n"
        "from stack.processes import Service, Supervisor\n"
        f"supervisor = Supervisor(Path({str(tmp_path)!r}))\n"
        f"started = supervisor.start(Service('x', [sys.executable, '-c', {SLEEPER!r}]))\n"
        "while not started.log.read_text(): time.sleep(0.01)\n"
        "print(started.process.pid, flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", launcher], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert not gone(pid)
        process.send_signal(signal.SIGKILL)
    eventually(lambda: gone(pid))


@pytest.mark.parametrize("token", ["", "a-token-of-many-letters"])
def test_the_question_for_readiness_brings_the_token(backend, token: str) -> None:
    """A service that the network can reach asks for it on reads too."""
    backend.answers["GET /ready"] = (200, {})
    assert is_ready(Service("backend", (), ready_url=f"{backend.url}/api/ready", token=token))
    assert backend.authorizations == [f"Bearer {token}" if token else ""]
