"""One stack and one browser for all tests here, and a page that is watched for each of them.

Without Chromium, or without what the stack needs, the tests are skipped; with E2E_REQUIRED=1, as
in CI, they fail instead.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from stack.console import FRONTEND, current, digest
from stack.processes import StackError
from tests.e2e.chromium import chromium, launched, needed
from tests.e2e.embedded import Embedded, embedded
from tests.e2e.watching import Watch

REQUIRED = "E2E_REQUIRED"
WAIT_MS = 120_000
"""How long an expectation may take to come true; a busy machine needs some of it."""
expect.set_options(timeout=WAIT_MS)
SIZE = {"width": 1280, "height": 900}


def give_up(reason: str) -> NoReturn:
    """Skip, or fail where the tests must run."""
    if os.environ.get(REQUIRED, "") not in ("", "0"):
        pytest.fail(f"{REQUIRED} is set: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def program() -> Path:
    """Chromium."""
    found = chromium()
    return found if found is not None else give_up(needed())


@pytest.fixture(scope="session")
def stack(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    if not current(FRONTEND, digest(FRONTEND)):
        give_up("the console is not built of these sources: run make console")
    with contextlib.ExitStack() as held:
        try:
            running = held.enter_context(embedded(tmp_path_factory.mktemp("e2e")))
        except StackError as error:
            give_up(str(error))
        yield running


@pytest.fixture(scope="session")
def browser(program: Path) -> Iterator[Browser]:
    with launched(program) as browser:
        yield browser


@pytest.fixture
def watch(stack: Embedded) -> Iterator[Watch]:
    """Fails a test in whose pages something was wrong."""
    watch = Watch(stack.url)
    yield watch
    assert watch.wrong == []


@pytest.fixture
def context(stack: Embedded, browser: Browser, watch: Watch) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=stack.url, viewport=SIZE, reduced_motion="reduce")
    context.set_default_timeout(WAIT_MS)
    watch.over(context)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    yield page
    # An answer of a test's own that is under way would fail in the next test.
    page.unroute_all(behavior="ignoreErrors")
