"""The console as it is seen: on two screens, by day and by night, usable by everybody, in each state."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from bridge_local.console.charts import definition
from bridge_local.template import Template
from tests.browser.conftest import OpenPage
from tests.browser.seen import PATIENCE, SCHEMES, WIDTHS, Site, Watch, running, serious, sideways

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.browser


def _question(page: Page) -> None:
    page.get_by_role("button", name="Reject").first.click()
    page.get_by_label("Why").wait_for()


def _play(page: Page) -> None:
    page.locator("details.play > summary").click()
    page.get_by_role("button", name="Mend everything").wait_for()


def _person(page: Page) -> None:
    page.locator(".item .names a").first.click()
    page.get_by_role("table").filter(has_text="displayName").wait_for()


def _group(page: Page) -> None:
    page.locator("table.two").first.get_by_role("link").first.click()
    page.get_by_role("heading", name="Members").wait_for()


def _nothing(_page: Page) -> None:
    """As it opens."""


STATES: dict[str, Callable[[Page], None]] = {
    "as it opens": _nothing,
    "asked for a decision": _question,
    "play": _play,
    "a person": _person,
    "a group": _group,
}


@pytest.fixture(scope="module")
def held(site: Site) -> Site:
    """The stack with a hold, a parked person and exceptions, so that every kind of row is there."""
    for scene in ("held-group", "parked-people", "exceptions-left", "group-not-linked"):
        assert site.invoke("Play", {"do": "scene", "name": scene})["ok"] is True
    return site


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_state_is_usable_by_everybody(open_page: OpenPage, held: Site, width: int, scheme: str) -> None:
    """Nothing serious for axe-core, nothing to scroll sideways for, and no request to anybody but the stack."""
    assert held.url
    for state, reach in STATES.items():
        page = open_page(width=width, scheme=scheme)
        for problem in ("holds-open", "parked", "exceptions-kept", "group-not-linked"):
            page.locator(f"[data-problem={problem}]").wait_for(timeout=PATIENCE)
        reach(page)
        assert serious(page) == [], state
        assert sideways(page) == 0, state


def test_the_charts_are_those_of_the_service_dashboard(open_page: OpenPage, held: Site) -> None:
    """One figure for each metric widget of the template, in its order; what has happened is drawn and told in words."""
    assert held.url
    page = open_page()
    page.locator("figure svg").first.wait_for(timeout=PATIENCE)
    widgets = definition(Template())["widgets"]
    titles = [each["properties"]["title"] for each in widgets if each["type"] == "metric"]
    assert page.locator("figcaption").all_text_contents() == titles
    elsewhere = page.get_by_text("Only in AWS").text_content() or ""
    named = [each["properties"]["title"] for each in widgets if each["type"] not in {"metric", "text"}]
    assert named
    assert all(title in elsewhere for title in named)
    drawn = page.locator("figure svg")
    assert drawn.count() > 0
    assert all(":" in (each.get_attribute("aria-label") or "") for each in drawn.all())
    assert page.locator("figure svg :is(path, rect, circle)").count() > 0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_hold_widget_is_readable_by_day_and_by_night(
    open_page: OpenPage, browser: Browser, held: Site, scheme: str
) -> None:
    """As the dashboard shows it: the hold with its count and its command in one piece, nothing that runs."""
    open_page().locator("[data-problem=holds-open]").wait_for(timeout=PATIENCE)
    context = {"dashboardName": "Service", "theme": scheme, "accountId": "123456789012", "locale": "en"}
    html = held.invoke("Operations", {"widgetContext": context})
    assert isinstance(html, str)
    # CloudWatch puts it into a page of its own, in the viewer's colours.
    colours = "background:#fff;color:#16191f" if scheme == "light" else "background:#0f1b2a;color:#d1d5db"
    page = browser.new_page(color_scheme=scheme)
    page.set_content(
        f'<!doctype html><html lang="en"><title>Open holds</title><body style="{colours}"><main>{html}</main></body>'
    )
    page.get_by_text("group:00g").first.wait_for()
    assert page.locator("script, iframe, img").count() == 0
    assert serious(page) == []
    assert sideways(page) == 0
    page.context.close()


def test_it_says_that_it_loads(open_page: OpenPage, held: Site) -> None:
    """While the first answer is not there, and it goes over to the page by itself."""
    assert held.url
    page = open_page("console/style.css")
    waiting: list[Route] = []
    held_back = True

    def meet(route: Route) -> None:
        if held_back:
            waiting.append(route)
        else:
            route.continue_()

    page.route("**/console.json*", meet)
    page.goto(held.url)
    page.get_by_text("Loading").wait_for()
    assert page.locator("main").get_attribute("aria-busy") == "true"
    assert serious(page) == []
    while not waiting:
        page.wait_for_function("true")
    held_back = False
    for route in waiting:
        route.continue_()
    page.locator(".verdict .marks").wait_for(timeout=PATIENCE)
    assert page.locator("main").get_attribute("aria-busy") == "false"


def test_it_says_that_the_stack_has_stopped(browser: Browser) -> None:
    """With what was there before, and since when; an empty company is called empty before that."""
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    with running(PEOPLE="0") as site:
        watch = Watch(page, site)
        page.goto(site.url)
        page.get_by_text("No group is linked yet.").wait_for(timeout=PATIENCE)
        page.get_by_text("Nobody differs.").wait_for()
        page.get_by_text("Healthy").wait_for(timeout=PATIENCE)
        assert serious(page) == []
        assert watch.wrong == []
    page.get_by_role("alert").filter(has_text="The stack has stopped").wait_for(timeout=PATIENCE)
    page.get_by_text("No group is linked yet.").wait_for()
    assert page.locator("#live").text_content() == "stopped"
    assert serious(page) == []
    page.context.close()


def test_the_data_are_there_for_programs(open_page: OpenPage, held: Site) -> None:
    """The same as the page, as JSON: the first need is the page's first row."""
    page = open_page()
    page.locator("[data-problem=holds-open]").wait_for(timeout=PATIENCE)
    rows = page.locator("[data-problem]")
    shown = [each.get_attribute("data-problem") for each in rows.all()]
    answer = page.request.get(f"{held.url}console.json")
    assert [each["problem"] for each in json.loads(answer.body())["needs"]] == shown
