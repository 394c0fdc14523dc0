"""What a person does in the console, from the change in Okta to the account in Genesys Cloud."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.seen import PATIENCE, Site, serious

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser


def text_of(found: Locator, wanted: str) -> None:
    """Wait until an element says so."""
    from playwright.sync_api import expect

    expect(found).to_contain_text(re.compile(wanted), timeout=PATIENCE)


def need(page: Page, problem: str) -> Locator:
    """The row of a problem."""
    return page.locator(f"[data-problem={problem}]")


def somebody(page: Page) -> Locator:
    """The page of a person who has an account."""
    page.get_by_label("Search people").fill("example.com")
    row = page.locator("table.two").nth(1).get_by_role("row").filter(has_text=re.compile(r"ACTIVE[^,]*equal"))
    row.first.get_by_role("link").first.click()
    detail = page.locator("aside.detail")
    detail.wait_for()
    return detail


def test_a_changed_person_arrives(open_page: OpenPage) -> None:
    """Their title is changed on their page; both columns are equal again when Genesys Cloud has it."""
    page = open_page()
    page.get_by_label("Search people").fill("nobody of this name")
    text_of(page.get_by_role("status").filter(has_text="are called so"), "^0 of")
    detail = somebody(page)
    title = detail.get_by_role("row", name=re.compile("^title"))
    detail.get_by_label("New value").fill("Night Watch")
    detail.get_by_role("button", name="title").click()
    text_of(title.get_by_role("cell").nth(0), "Night Watch")
    text_of(title.get_by_role("cell").nth(1), "Night Watch")
    text_of(detail.locator(".journal li").first, "updated")
    assert serious(page) == []
    page.keyboard.press("Escape")
    detail.wait_for(state="detached")


def test_an_emptied_group_is_held_and_approved(open_page: OpenPage, site: Site) -> None:
    """The hold stands under what needs somebody; after the approval the group is empty on both sides."""
    site.invoke("Play", {"do": "scene", "name": "held-group"})
    page = open_page()
    held = need(page, "holds-open")
    held.wait_for(timeout=PATIENCE)
    text_of(held, "25 people would lose the group")
    held.get_by_role("button", name="Approve").click()
    text_of(held, "Remove 25 from")
    assert serious(page) == []
    held.get_by_label("Why").fill("OPS-1234")
    held.get_by_role("button", name="Yes, approve").click()
    text_of(page.locator("#said"), "removes")
    held.wait_for(state="detached", timeout=PATIENCE)
    group = page.locator("table.two").nth(0).get_by_role("row").filter(has_text="0 people")
    text_of(group, "0 members")


def test_a_rejected_hold_leaves_exceptions_that_are_taken_back(open_page: OpenPage, site: Site) -> None:
    """They are listed, and after taking them back they are held again or removed."""
    site.invoke("Play", {"do": "scene", "name": "held-group"})
    page = open_page()
    held = need(page, "holds-open")
    held.wait_for(timeout=PATIENCE)
    held.get_by_role("button", name="Reject").click()
    held.get_by_role("button", name="Yes, reject").click()
    kept = need(page, "exceptions-kept")
    kept.wait_for(timeout=PATIENCE)
    text_of(kept, "25 keep")
    kept.get_by_role("button", name="Take back").click()
    kept.get_by_role("button", name="Yes, take back").click()
    kept.wait_for(state="detached", timeout=PATIENCE)
    need(page, "holds-open").get_by_role("button", name="Approve").click()
    need(page, "holds-open").get_by_role("button", name="Yes, approve").click()
    need(page, "holds-open").wait_for(state="detached", timeout=PATIENCE)


def test_a_broken_genesys_cloud_is_a_banner_until_it_is_mended(open_page: OpenPage, site: Site) -> None:
    """It is broken and mended with the page's own buttons; what waited arrives."""
    page = open_page()
    page.get_by_text("Play", exact=True).click()
    server = page.locator(".server").filter(has_text="Genesys Cloud")
    server.get_by_role("button", name="down").click()
    text_of(server, "answers 503")
    site.invoke("Play", {"do": "okta", "act": "hire", "count": 6})
    down = need(page, "genesys-down")
    down.wait_for(timeout=PATIENCE)
    text_of(page.locator(".verdict"), "needs? somebody")
    text_of(page.locator(".mark.bad"), "Genesys Cloud")
    assert serious(page) == []
    page.get_by_role("button", name="Mend everything").click()
    text_of(server, "works")
    down.wait_for(state="detached", timeout=PATIENCE)
    page.get_by_text("are equal on both sides").wait_for(timeout=PATIENCE)


def test_what_a_person_holds_stays_theirs_while_the_page_lives(open_page: OpenPage, site: Site) -> None:
    """The selection, the focus, the scroll and what is typed outlive changes all around."""
    page = open_page(width=390)
    journal = page.locator("ol.journal")
    journal.wait_for()
    search = page.get_by_label("Search people")
    search.fill("a")
    page.evaluate("document.querySelector('ol.journal').scrollTop = 120; scrollTo(0, 300)")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#needs h2'))")
    before = page.evaluate("[getSelection().toString(), document.activeElement.type, scrollY]")
    top = journal.evaluate("box => box.scrollTop")
    seen = journal.locator("li").count()
    site.invoke("Play", {"do": "okta", "act": "hire", "count": 3})
    page.wait_for_function(
        "count => document.querySelectorAll('ol.journal li').length > count || "
        "document.querySelector('ol.journal').textContent.includes('created')",
        arg=seen,
        timeout=PATIENCE,
    )
    assert page.evaluate("[getSelection().toString(), document.activeElement.type, scrollY]")[:2] == before[:2]
    assert search.input_value() == "a"
    assert journal.evaluate("box => box.scrollTop") >= top


def test_a_name_is_text_and_never_markup(open_page: OpenPage) -> None:
    """A script in a name is shown as it is."""
    page = open_page()
    detail = somebody(page)
    detail.get_by_label("New value").fill("<img src=x onerror=alert(1)> Brook")
    detail.get_by_role("button", name="rename").click()
    text_of(detail.get_by_role("row", name=re.compile("^displayName")), "<img src=x")
    assert page.locator("img").count() == 0


def test_the_keyboard_alone_is_enough(open_page: OpenPage) -> None:
    """Tab reaches the skip link first; every button and link can be reached, and Enter opens Play."""
    page = open_page()
    page.locator("details.play").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("details.play > summary").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Mend everything").wait_for()
    assert page.evaluate("[...document.querySelectorAll('button,a,input,select')].every(one => one.tabIndex >= 0)")
