"""An incident as a file to attach: JSON, Markdown, or both in an archive."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Literal

from backend.incidents.markdown import markdown
from backend.incidents.models import Incident

Format = Literal["json", "markdown", "zip"]
MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json", "markdown": "text/markdown", "zip": "application/zip",
}  # fmt: skip
_ENDINGS: dict[Format, str] = {"json": "json", "markdown": "md", "zip": "zip"}


@dataclass(frozen=True, slots=True)
class File:
    """A file with the name that it is saved under."""

    name: str
    media_type: str
    content: bytes


def file(incident: Incident, kind: Format, console: str) -> File:
    """The incident in that form; links in Markdown begin with `console`."""
    stem = f"incident-{incident.start:%Y%m%dT%H%M%SZ}-{incident.end:%Y%m%dT%H%M%SZ}"
    if kind == "json":
        content = _json(incident)
    elif kind == "markdown":
        content = markdown(incident, console).encode()
    else:
        both = {"json": _json(incident), "md": markdown(incident, console).encode()}
        content = _archive({f"{stem}/incident.{ending}": one for ending, one in both.items()})
    return File(f"{stem}.{_ENDINGS[kind]}", MEDIA_TYPES[kind], content)


def _json(incident: Incident) -> bytes:
    return incident.model_dump_json().encode()


def _archive(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()
