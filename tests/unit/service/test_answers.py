"""Answers that the caller may have already."""

from __future__ import annotations

import pytest
from starlette.responses import Response

from backend.routes.answers import tagged, typed


def as_bytes(value: list[int], known: str | None) -> Response:
    return tagged(str(value).encode(), known)


def as_type(value: list[int], known: str | None) -> Response:
    return typed(list[int], value, known)


@pytest.mark.parametrize("answer", [as_bytes, as_type])
def test_a_tag_is_of_the_content(answer) -> None:
    """The same is not sent again; what has changed is."""
    tag = answer([1, 2], None).headers["etag"]
    assert answer([1, 2], tag).status_code == 304
    changed = answer([1, 3], tag)
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)
    assert b"3" in changed.body
