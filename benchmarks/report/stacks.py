"""py-spy's stacks, folded to what a reader wants: functions with short paths, libraries by name."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable

from benchmarks.report.results import Frame

Stack = tuple[str, ...]
"""Frames from the root to the leaf, as "function (place)"."""

_FRAME = re.compile(r"(?P<name>.*) \((?P<place>[^()]*?)(?::\d+)?\)$")
_LIBRARY = re.compile(r"\.(cpython-[^/]*\.so|abi3\.so|so[.\d]*|dylib)$")
_INSTALLED = re.compile(r"^.*(?:site-packages|dist-packages|lib/python[\d.]+)/")
_TEMPLATE = re.compile(r"<[^<>]*>")
_OF_THE_CALLER = re.compile(
    r"^((libc|libm|libstdc\+\+|libpthread|ld-linux|libpython|python)[\d.\-a-z]*|.*\.[ch])$"
)
"""Libraries, and the interpreter's own sources, whose time is that of whoever calls them."""
_WAITING = re.compile(
    r"SimpleQueue_get|PyThread_acquire|futex|pthread_cond_|sem_\w*wait|epoll_wait|\bpoll\b"
)
_STARTING = "main (benchmarks/profiled.py)"
"""All that a profile has above is how it was started."""
_LONGEST = 70
SMALLEST = 0.005
"""Share of all samples below which nothing is said of a frame."""


def fold(raw: str, *, waiting: bool = False) -> Counter[Stack]:
    """Samples by stack, of what py-spy writes as `raw`: frames joined by ";" and a count a line.

    Threads that only wait are left out, unless `waiting`.
    """
    found: Counter[Stack] = Counter()
    for line in raw.splitlines():
        text, _, count = line.rpartition(" ")
        called = text.split(";")
        if not waiting and _WAITING.search(";".join(called[-3:])):
            continue
        frames = [frame for each in called if (frame := _frame(each))]
        if _STARTING in frames:
            frames = frames[frames.index(_STARTING) + 1 :]
        merged = [f for n, f in enumerate(frames) if n == 0 or frames[n - 1] != f]
        if merged:
            found[tuple(merged)] += int(count)
    return found


def _frame(text: str) -> str:
    """A frame without line and machine; nothing for one whose time is its caller's."""
    match = _FRAME.match(text)
    if not match:
        return text
    name, place = match["name"], _INSTALLED.sub("", match["place"]).lstrip("/")
    library = _LIBRARY.sub("", place)
    if _OF_THE_CALLER.match(library.rpartition("/")[2]):
        return ""
    if library == place:  # Python
        return f"{name} ({place})"
    if name.startswith("0x"):
        return f"({library})"
    return f"{_without_templates(name)} ({library})"


def _without_templates(name: str) -> str:
    while (shorter := _TEMPLATE.sub("", name)) != name:
        name = shorter
    return name if len(name) <= _LONGEST else name[:_LONGEST] + "…"


def own_shares(stacks: Counter[Stack], most: int = 6) -> tuple[Frame, ...]:
    """Functions by the share of samples in themselves, the largest first."""
    return _shares(((stack[-1], count) for stack, count in stacks.items()), most)


def part_shares(stacks: Counter[Stack], most: int = 4) -> tuple[Frame, ...]:
    """Packages by the share of samples in their own functions."""
    return _shares(((_part(stack[-1]), count) for stack, count in stacks.items()), most)


def _part(frame: str) -> str:
    place = frame.rpartition("(")[2].rstrip(")")
    package, slash, _ = place.partition("/")
    module = package if slash else place.removesuffix(".py")
    own = module in sys.stdlib_module_names or module.startswith("<")
    return "Python's library" if own else module


def _shares(counted: Iterable[tuple[str, int]], most: int) -> tuple[Frame, ...]:
    found: Counter[str] = Counter()
    for name, count in counted:
        found[name] += count
    total = found.total()
    return tuple(
        Frame(name, count / total)
        for name, count in found.most_common(most)
        if count / total >= SMALLEST
    )
