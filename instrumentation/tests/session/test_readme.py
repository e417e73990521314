"""The README says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import nautilus_instrumentation
from nautilus_instrumentation import Settings

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_every_setting_is_in_the_table():
    """Arguments and variables are those of `Settings`, in its order."""
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", README, re.MULTILINE)
    expected = [
        (name, item.metadata["variable"]) for name, item in Settings.__dataclass_fields__.items()
    ]
    assert rows == expected


def test_the_examples_are_python():
    """Each block compiles, and imports names that exist."""
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        compile(block, "README.md", "exec")
        for names in re.findall(r"from nautilus_instrumentation import (.+)", block):
            assert set(names.split(", ")) <= set(nautilus_instrumentation.__all__)
