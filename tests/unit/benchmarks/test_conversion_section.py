"""The conversion's section holds what its targets ask for."""

import pytest

from benchmarks import conversion_parts, conversion_section, conversion_steps

RATIO = {"median": 20.0, "lowest": 19.0, "highest": 21.0}
FOUND = {
    "rows": 10**6, "seconds": 0.2, "cpu_seconds": 0.2, "rows_per_second": 5e6,
    "memory_growth_bytes": 100_000_000, "repeat_seconds": 0.001, "kept_repeat_seconds": 0.0002,
}  # fmt: skip
SHARE = {"median": 0.005, "lowest": 0.004, "highest": 0.006}


def figures(*sizes: int) -> dict:
    of_kind = {
        "baseline": FOUND, "ours": FOUND, "unordered": FOUND, "speed": RATIO, "cpu": RATIO,
        "repeat": SHARE, "kept_repeat": SHARE,
    }  # fmt: skip
    usual = conversion_parts.BATCHES[1]
    batches = [
        f"{kind}s in batches of {rows:,}"
        for kind in ("quote", "trade")
        for rows in conversion_parts.BATCHES
    ]
    batches.append(f"quotes in batches of {usual:,}, with {len(conversion_parts.BARS)} bars")
    parts = [{"name": name, "ns": 200.0} for name in batches]
    parts.append({"name": "timestamp conversion", "ns": 1.0, "plain_ns": 20.0, "ratio": RATIO})
    return {
        "sizes": {rows: {"quote": of_kind, "trade": of_kind} for rows in sizes},
        "parts": parts,
        "parallel": {way: {**FOUND, "gain": RATIO} for way in conversion_steps.WAYS},
    }


def test_each_target_has_its_measure():
    """For each size and kind: speed, two limits of the repeat, and memory of both orders."""
    section = conversion_section.section(figures(10**6, 5 * 10**6))
    assert len(section.targets) == 2 * 2 * 5
    assert {target.measure for target in section.targets} <= section.by_name.keys()
    assert section.missed() == []


@pytest.mark.parametrize(
    ("key", "value", "missed"),
    [
        ("speed", {**RATIO, "median": 12.9}, 2),
        ("speed", {**RATIO, "median": 13.1}, 1),
        ("repeat", {**SHARE, "median": 0.011}, 2),
        ("repeat", {**SHARE, "median": 0.11}, 4),
        ("ours", {**FOUND, "memory_growth_bytes": 151_000_000}, 2),
        ("unordered", {**FOUND, "memory_growth_bytes": 301_000_000}, 2),
    ],
)
def test_a_figure_beyond_its_limit_is_missed(key, value, missed):
    """18x for quotes and 13x for trades, 1 and 10 per cent, 150 and 300 MB."""
    found = figures(10**6)
    for of_kind in found["sizes"][10**6].values():
        of_kind[key] = value
    assert len(conversion_section.section(found).missed()) == missed


def test_small_inputs_have_no_targets():
    """They hold from a million rows on."""
    section = conversion_section.section(figures(50_000))
    assert section.targets == ()
    assert section.advice
