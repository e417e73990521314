"""A flame graph as SVG: the same bytes for the same stacks, no script, names as tooltips."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from benchmarks.report.stacks import SMALLEST, Stack

WIDTH, ROW, TOP = 1200, 17, 46
_CHARACTER = 6.3
"""Width of a letter, pixels."""
_HUES = {"backend": 18, "nautilus_trader": 210, "pyarrow": 140, "pandas": 275, "numpy": 275}
_OTHER_HUE = 45


@dataclass
class Node:
    """A frame, with all that it called."""

    name: str
    count: int = 0
    children: dict[str, Node] = field(default_factory=dict)

    def depth(self, smallest: float) -> int:
        below = [c.depth(smallest) for c in self.children.values() if c.count >= smallest]
        return 1 + max(below, default=0)


def flame_graph(stacks: Counter[Stack], title: str) -> str:
    """The picture; the root at the bottom, widths by samples, what is too narrow left out."""
    root = _tree(stacks)
    smallest = root.count * SMALLEST
    height = TOP + root.depth(smallest) * ROW + 10
    label = f"{title}: {root.count:,} samples"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
            f' font-family="sans-serif" font-size="11" role="img" aria-label={quoteattr(label)}>',
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text x="10" y="26" font-size="16" font-weight="bold">{escape(label)}</text>',
            *_drawn(root, 0.0, WIDTH / root.count, height - 10 - ROW, smallest, root.count),
            "</svg>\n",
        ]
    )


def _tree(stacks: Counter[Stack]) -> Node:
    root = Node("all")
    for stack, count in sorted(stacks.items()):
        root.count += count
        node = root
        for name in stack:
            node = node.children.setdefault(name, Node(name))
            node.count += count
    return root


def _drawn(
    node: Node, x: float, scale: float, y: int, smallest: float, total: int
) -> Iterator[str]:
    width = node.count * scale
    tip = escape(f"{node.name}: {node.count:,} samples, {node.count / total:.1%}")
    room = int((width - 6) / _CHARACTER)
    shown = node.name if len(node.name) <= room else node.name[: room - 1] + "…"
    text = f'<text x="{x + 3:.1f}" y="{y + 12}">{escape(shown)}</text>' if room >= 4 else ""
    yield (
        f'<g><title>{tip}</title><rect x="{x:.1f}" y="{y}" width="{max(width - 0.5, 0.5):.1f}"'
        f' height="{ROW - 1}" rx="1" fill="{_colour(node.name)}"/>{text}</g>'
    )
    for child in node.children.values():
        if child.count >= smallest:
            yield from _drawn(child, x, scale, y - ROW, smallest, total)
        x += child.count * scale


def _colour(name: str) -> str:
    """By package, a little lighter or darker by name."""
    place = name.rpartition("(")[2]
    hue = _HUES.get(place.partition("/")[0].rstrip(")"), _OTHER_HUE)
    return f"hsl({hue} 75% {70 + zlib.crc32(name.encode()) % 12}%)"
