"""``make pictures``: the pictures of the README and the docs, taken of running stacks. Compared with nothing.

One picture for each scene, of what somebody sees first who opens the console then; and the console on a telephone, by
night, and a person's page.
"""

# ruff: noqa: T201 - it says what it has taken

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bridge_local import ROOT
from bridge_local.options import Options
from bridge_local.play import scenes
from tests.browser.seen import PATIENCE, WIDTHS, Site, chromium, running, why_not

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PICTURES = ROOT / "docs" / "pictures"
#: Milliseconds until what a scene has begun is seen everywhere: two runs of every short schedule.
_SETTLED = 12_000


def main() -> int:
    """Take all pictures, or those that are named."""
    if reason := why_not():
        print(f"No pictures: {reason}.")
        return 1
    from playwright.sync_api import sync_playwright

    wanted = sys.argv[1:] or ["console", *scenes()]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium())
        for name in wanted:
            with running(Options.port, SEED="3") as site:
                (_console if name == "console" else _scene)(browser, site, name)
        browser.close()
    return 0


def _scene(browser: Browser, site: Site, name: str) -> None:
    site.invoke("Play", {"do": "scene", "name": name})
    page = _page(browser, site)
    page.locator(f"[data-problem={scenes()[name].problem}]").wait_for(timeout=2 * PATIENCE)
    page.wait_for_timeout(_SETTLED)
    _take(page, f"scene-{name}")
    page.close()


def _console(browser: Browser, site: Site, _name: str) -> None:
    """A hold, people on their way, and what each looks like."""
    calm = _page(browser, site)
    calm.get_by_text("Healthy").wait_for(timeout=PATIENCE)
    site.invoke("Play", {"do": "scene", "name": "held-group"})
    calm.locator("[data-problem=holds-open]").wait_for(timeout=PATIENCE)
    calm.wait_for_timeout(_SETTLED)
    site.invoke("Play", {"do": "break", "server": "genesys", "how": "slow"})
    site.invoke("Play", {"do": "okta", "act": "hire", "count": 4})
    _until(calm, lambda: calm.locator("tr.differs").count() > 1)
    _take(calm, "console")
    night = _page(browser, site, 390, "dark")
    night.locator("[data-problem=holds-open]").wait_for(timeout=PATIENCE)
    _take(night, "telephone")
    newcomer = calm.locator("table.two").nth(1).locator("tr.differs").get_by_role("link").first
    newcomer.click()
    detail = calm.locator("aside.detail")
    detail.get_by_text("created").wait_for(timeout=PATIENCE)
    detail.get_by_label("New value").fill("Night Watch")
    detail.get_by_role("button", name="title").click()
    detail.locator("mark").first.wait_for(timeout=PATIENCE)
    _take(calm, "person")


def _until(page: Page, holds: Callable[[], bool]) -> None:
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(100)


def _page(browser: Browser, site: Site, width: int = 1280, scheme: str = "light") -> Page:
    context = browser.new_context(viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme)
    page = context.new_page()
    page.goto(site.url)
    return page


def _take(page: Page, name: str) -> None:
    path: Path = PICTURES / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, animations="disabled")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KB", flush=True)


if __name__ == "__main__":
    sys.exit(main())
