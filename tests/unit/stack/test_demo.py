"""What the demo says before it starts anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from stack.demo import Demo
from stack.settings import SettingsError, load_settings


def test_a_wrong_receiver_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    """Programs and ticks may take minutes; the one named here would be the next complaint."""
    env = {"ALERT_WEBHOOK_URL": "pager.example", "PROMETHEUS_BIN": str(tmp_path / "nothing")}
    demo = Demo(load_settings(env, root=tmp_path), 1.0, Console(quiet=True))
    with pytest.raises(SettingsError, match=r"ALERT_WEBHOOK_URL=pager\.example"):
        demo.run()
    assert not any(tmp_path.iterdir())
