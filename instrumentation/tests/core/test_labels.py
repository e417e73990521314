"""Label values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nautilus_instrumentation.labels import MAX_CHARACTERS, clean


@given(st.text(st.characters(codec=None), max_size=400))
def test_a_cleaned_value_can_be_written_anywhere(text: str) -> None:
    """Short, encodable, without control characters; cleaning twice changes nothing."""
    cleaned = clean(text)
    assert len(cleaned) <= MAX_CHARACTERS
    assert cleaned.encode().decode() == cleaned
    assert not {"\0", "\r", "\x1b"} & set(cleaned)
    assert clean(cleaned) == cleaned


def test_ordinary_text_stays_as_it_is() -> None:
    """Quotes, line feeds and other alphabets are the renderer's business."""
    for text in ("EMACross", 'a "b"\nc\\', "Привет 日本"):
        assert clean(text) == text
