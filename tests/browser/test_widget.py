"""The dashboard's list of holds in a browser, on CloudWatch's own two backgrounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.seen import SCHEMES, serious
from tests.functional.test_widget import held, shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

#: Text and background of CloudWatch's pages, which the widget leaves to it.
COLOURS = {"light": ("#16191f", "#ffffff"), "dark": ("#d5dbdb", "#0f1b2a")}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_holds_can_be_read_and_the_command_taken_in_one_piece(browser: Browser, scheme: str) -> None:
    """Nothing serious for axe-core, in the list and in the details; one click selects the whole command."""
    stage, group, _ = held()
    text, background = COLOURS[scheme]
    page = browser.new_page(color_scheme="dark" if scheme == "dark" else "light")
    for html in (shown(stage, names=True), shown(stage, details=f"group:{group}")):
        page.set_content(
            f'<html lang="en"><title>Holds</title><body style="color:{text};background:{background}">'
            f"<main><h1>Holds</h1><h2>Open holds</h2>{html}</main></body></html>"
        )
        assert serious(page) == []
        command = f"bridge holds approve {group} --why TICKET --stack bridge-test"
        page.get_by_text(command).click()
        assert page.evaluate("getSelection().toString().trim()") == command
    page.close()
