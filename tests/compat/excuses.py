"""Which questions may have no data on a healthy platform: tests/live/may_be_empty.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from tests.compat.asked import ROOT

FILE = ROOT / "tests" / "live" / "may_be_empty.toml"


@dataclass(frozen=True, slots=True)
class Excuse:
    """An entry of the list; its file says what the fields mean."""

    what: str
    when: Literal["fault", "old", "chance", "start", "other"]
    because: str
    drill: str = ""

    @property
    def needs_drill(self) -> bool:
        return self.when in ("fault", "old", "chance")

    def excuses(self, where: str) -> bool:
        return fnmatchcase(where, self.what)


LISTED = [Excuse(**entry) for entry in tomllib.loads(FILE.read_text())["empty"]]


def excused(where: str) -> Excuse | None:
    """The entry for a question, if it is on the list."""
    return next((entry for entry in LISTED if entry.excuses(where)), None)
