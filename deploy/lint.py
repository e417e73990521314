"""What may be wrong with docker-compose.yml, each problem as a sentence: `python -m deploy.lint`.

Reads the file as Docker Compose itself does (the parser from PyPI, no engine needed), so that
anchors, defaults and short forms are what will really run.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy import references, secrets
from deploy.references import ROOT, answers, listening

Json = Mapping[str, Any]

ALL_INTERFACES = re.compile(r"0\.0\.0\.0|\[::\]")
NOT_COMMITTED = ("secrets/", "data_downloads", "var/compose/")
"""What a user brings, and what make compose-up writes."""
URL = re.compile(r"(?:https?|redis)://[^\s\"']+")
LIMITS = ("mem_limit", "cpus", "pids_limit")


def load(root: Path = ROOT, text: str | None = None, override: Path | None = None) -> Json:
    """The configuration with all profiles; `text` stands in for the file. Raises ValueError.

    `override` is a second file, which completes the first.
    """
    parser = Path(sys.executable).with_name("docker-compose")
    with tempfile.TemporaryDirectory() as folder:
        path = root / "docker-compose.yml"
        if text is not None:
            path = Path(folder) / "docker-compose.yml"
            path.write_text(text)
        more = ["--file", override] if override else []
        done = subprocess.run(
            [
                parser, "--project-directory", root, "--file", path, *more,
                "--profile", "*", "--env-file", "/dev/null", "config", "--format", "json",
            ],
            capture_output=True, text=True, check=False, env={"HOME": folder, "PATH": "/usr/bin"},
        )  # fmt: skip
    # The package's wrapper forgets the exit code.
    if done.returncode or not done.stdout:
        raise ValueError(done.stderr.strip())
    found: Json = json.loads(done.stdout)
    return found


def problems(config: Json) -> list[str]:
    """All that is wrong with a configuration from `load`."""
    found = []
    for name, service in config["services"].items():
        for rule in SERVICE_RULES:
            found += [f"{name}: {problem}" for problem in rule(service)]
        for reference in REFERENCE_RULES:
            found += [f"{name}: {problem}" for problem in reference(service, config)]
    return found


# One service -------------------------------------------------------------------------------------


def pinned(service: Json) -> Iterator[str]:
    """An image says exactly which, or is built here."""
    image = service.get("image", "")
    if not re.search(r":(local|v?\d[\w.-]*)$", image):
        yield f"image {image!r} is not pinned to a version"


def unprivileged(service: Json) -> Iterator[str]:
    """No root, no capabilities, no way to get them back."""
    user = service.get("user", "")
    if not re.fullmatch(r"[1-9]\d*:\d+", user):
        yield f"user {user!r} is not a number of its own"
    if service.get("privileged"):
        yield "is privileged"
    if service.get("cap_drop") != ["ALL"] or service.get("cap_add"):
        yield "keeps capabilities"
    if "no-new-privileges:true" not in service.get("security_opt", ()):
        yield "may gain privileges"
    if not service.get("read_only"):
        yield "can write to its own root"
    if service.get("pid") == "host" or service.get("network_mode") == "host":
        yield "shares the machine's namespaces"


def watched(service: Json) -> Iterator[str]:
    """Docker can tell whether it works, restarts it, and keeps its logs small."""
    if not service.get("healthcheck", {}).get("test"):
        yield "has no health check"
    if service.get("restart") != "unless-stopped":
        yield "is not restarted"
    if not service.get("logging", {}).get("options", {}).get("max-size"):
        yield "has logs without a limit"


def limited(service: Json) -> Iterator[str]:
    """Memory, processors and processes have a bound."""
    for limit in LIMITS:
        if not service.get(limit):
            yield f"has no {limit}"


def private(service: Json) -> Iterator[str]:
    """Ports are published on loopback only, and nothing names all interfaces."""
    for port in service.get("ports", ()):
        if port.get("host_ip") != "127.0.0.1":
            yield f"publishes {port['target']} on {port.get('host_ip') or 'all interfaces'}"
    if ALL_INTERFACES.search(json.dumps(service)):
        yield "names all interfaces"


def without_secrets(service: Json) -> Iterator[str]:
    """Passwords and tokens come from files."""
    for name, value in (service.get("environment") or {}).items():
        secret = re.search(r"PASSWORD|TOKEN|SECRET|KEY", name)
        if secret and value and not name.endswith(("_FILE", "__FILE")):
            yield f"has {name} in its environment"


SERVICE_RULES: tuple[Callable[[Json], Iterator[str]], ...] = (
    pinned, unprivileged, watched, limited, private, without_secrets,
)  # fmt: skip


# References --------------------------------------------------------------------------------------


def ordered(service: Json, config: Json) -> Iterator[str]:
    """It waits until what it needs is healthy."""
    for name, wanted in service.get("depends_on", {}).items():
        if wanted["condition"] != "service_healthy":
            yield f"does not wait for {name} to be healthy"


def mounted(service: Json, config: Json) -> Iterator[str]:
    """Every file and volume it mounts exists; what is ours it cannot change."""
    for mount in service.get("volumes", ()):
        if mount["type"] == "volume":
            if mount["source"] not in config.get("volumes", {}):
                yield f"mounts a volume that is not declared: {mount['source']}"
            continue
        source = Path(mount["source"])
        inside = source.relative_to(ROOT).as_posix() if source.is_relative_to(ROOT) else ""
        if not source.exists() and not inside.startswith(NOT_COMMITTED):
            yield f"mounts {inside or source}, which is not there"
        if not mount.get("read_only"):
            yield f"can write to {inside or source}"
        if mount.get("bind", {}).get("create_host_path"):
            yield f"would have Docker make an empty {inside or source} where it is missing"


def trusted(service: Json, config: Json) -> Iterator[str]:
    """Its secrets are declared, and `make secrets` writes them."""
    for secret in service.get("secrets", ()):
        name = secret["source"]
        file = config.get("secrets", {}).get(name, {}).get("file", "")
        if Path(file) != ROOT / secrets.FOLDER / name or name not in secrets.NAMES:
            yield f"has a secret that make secrets does not write: {name}"
    held = {f"/run/secrets/{secret['source']}" for secret in service.get("secrets", ())}
    asked = set(re.findall(r"/run/secrets/\w+", json.dumps(service)))
    yield from (f"reads {path}, which it is not given" for path in sorted(asked - held))


def reachable(service: Json, config: Json) -> Iterator[str]:
    """Every address it is given is a service and a port that this service listens on."""
    values = [*(service.get("environment") or {}).values(), *(service.get("command") or ())]
    for url in URL.findall(" ".join(filter(None, values))):
        if urlsplit(url).hostname != "127.0.0.1" and (said := answers(url, config["services"])):
            yield said
    for url in URL.findall(" ".join(service.get("healthcheck", {}).get("test", ()))):
        asked = urlsplit(url)
        if asked.hostname == "127.0.0.1" and asked.port not in listening(service):
            yield f"looks for its health on port {asked.port}, where it does not listen"
        elif asked.hostname != "127.0.0.1" and (said := answers(url, config["services"])):
            yield f"{said}, for its health"


def bound(service: Json, config: Json) -> Iterator[str]:
    """Where it listens is its own name: of another there is no address to listen on."""
    listens = (service.get("environment") or {}).get("BIND_HOST")
    given = re.findall(r"--host (\S+)", " ".join(service.get("command") or ()))
    for host in filter(None, (listens, *given)):
        if host != service.get("hostname"):
            yield f"listens on {host}, which is not its name"


REFERENCE_RULES: tuple[Callable[[Json, Json], Iterator[str]], ...] = (
    ordered, mounted, trusted, reachable, bound,
)  # fmt: skip


def main() -> int:
    try:
        config = load()
        found = [*problems(config), *references.problems(references.read(config))]
    except ValueError as error:
        found = [str(error)]
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
