"""Ports that tests give to services which listen on them later."""

from __future__ import annotations

import itertools
import socket

import pytest

from tests import ports


@pytest.mark.parametrize("system_from", [32_768, ports.USUAL_RANGE_FROM])
def test_no_two_workers_and_not_the_system_draw_the_same(system_from: int) -> None:
    """Parts are apart from each other and end below the system's range."""
    parts = [ports.part_of(worker, system_from) for worker in ("", "gw0", "gw1", "gw10")]
    assert all(len(part) == ports.PART for part in parts)
    assert all(part.stop <= system_from for part in parts)
    assert not any(set(one) & set(other) for one, other in itertools.combinations(parts, 2))


def test_a_port_that_is_taken_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one that is free is given."""
    first = next(ports._free())
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", first))
        monkeypatch.setattr(ports, "part_of", lambda *_: range(first, first + ports.PART))
        monkeypatch.setattr(ports.random, "randrange", lambda _: 0)
        assert next(ports._free()) > first


def test_no_port_is_given_twice() -> None:
    """Also while nobody listens on it yet."""
    given = [ports.free_port() for _ in range(100)]
    assert len(set(given)) == 100
