"""Tests that look at the console through Debian's Chromium; `make browser` runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.seen import WIDTHS, Site, Watch, running, why_not

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_WHY_NOT = why_not()
if _WHY_NOT:
    collect_ignore_glob = ["test_*.py"]


def pytest_report_header() -> str:
    """Say what is left out."""
    return f"Left out: the browser tests ({_WHY_NOT})." if _WHY_NOT else ""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser, without a window."""
    from playwright.sync_api import sync_playwright

    from tests.browser.seen import chromium

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium())
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A stack for the tests of one file."""
    with running() as started:
        yield started


OpenPage = Callable[..., "Page"]


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[OpenPage]:
    """Open a page of the stack: its path, the width in pixels, ``light`` or ``dark``. Errors fail the test."""
    watches: list[Watch] = []
    contexts = []

    def opened(path: str = "", width: int = 1280, scheme: str = "light") -> Page:
        # What comes in fades in, and is pale meanwhile.
        context = browser.new_context(
            viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        watches.append(Watch(page, site))
        page.goto(site.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [wrong for watch in watches for wrong in watch.wrong] == []
