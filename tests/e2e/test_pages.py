"""Every page: accessible, no wider than the screen, and as a picture in each size and scheme.

Pictures go to var/screenshots, to be looked at.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.e2e import axe
from tests.e2e.embedded import ROOT, Embedded
from tests.e2e.pages import ADDRESSES, BOARDS, SCHEMES, WIDTHS, all_pages, shoot, until_drawn

PICTURES = ROOT / "var" / "screenshots"
WALL = {"width": 3840, "height": 2160}
"""Of 4K: everything must fit there too; as a picture it shows nothing new."""
TOO_WIDE = """() => [document.documentElement, document.querySelector("#main")]
  .map((one) => one.scrollWidth - one.clientWidth)"""


def test_every_page_is_known_here() -> None:
    assert set(ADDRESSES) == set(all_pages())


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_breaks_no_rule_of_accessibility(page: Page, stack: Embedded, address: str) -> None:
    """In light and dark, wide and narrow."""
    page.goto(ADDRESSES[address](stack))
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": WIDTHS[width]})
            until_drawn(page)
            assert axe.violations(page) == [], f"{scheme}, {width} px"


@pytest.mark.parametrize("board", BOARDS)
def test_a_board_breaks_no_rule_of_accessibility(page: Page, stack: Embedded, board: str) -> None:
    """Whatever kinds of panels it has, in light and dark."""
    page.goto(f"/dashboards/{board}?from=now-15m&to=now&refresh=off")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        until_drawn(page)
        assert axe.violations(page) == [], scheme


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_fits_all_widths(page: Page, stack: Embedded, address: str) -> None:
    """Nothing has to be scrolled sideways; as pictures in var/screenshots."""
    page.goto(ADDRESSES[address](stack))
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        until_drawn(page)
        assert page.evaluate(TOO_WIDE) == [0, 0], f"{width} px"
    page.set_viewport_size(WALL)
    until_drawn(page)
    assert page.evaluate(TOO_WIDE) == [0, 0], "4K"
    shoot(page, PICTURES, all_pages()[address])
