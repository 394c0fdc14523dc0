"""A running local stack as a browser meets it, and what must be so on every page."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from bridge_local import ROOT
from bridge_local.demo import free_ports

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: As wide as a computer's screen, and as a telephone's.
WIDTHS = {1280: 900, 390: 844}
SCHEMES = ("light", "dark")
#: Milliseconds that a change may take from one side to the other, and into the page.
PATIENCE = 60_000
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """The path of the browser: CHROMIUM, or the first that is installed; empty for none."""
    return os.environ.get("CHROMIUM") or next((found for name in _NAMES if (found := shutil.which(name))), "")


def why_not() -> str:
    """Why nothing can be seen here; empty when it can."""
    if not chromium():
        return "there is no Chromium: apt-get install chromium, or CHROMIUM=path"
    if find_spec("playwright") is None:
        return "playwright is not importable: `make browser` makes its environment"
    return ""


@contextmanager
def running(port: int = 0, **variables: str) -> Iterator[Site]:
    """`make local` as people run it, on free ports or these, stopped by SIGTERM."""
    port = port or free_ports(4)
    environment = {**os.environ, "PORT": str(port), "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-m", "bridge_local", "run"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        try:
            while not (line := process.stdout.readline()).startswith("ready"):
                assert line, "the stack ended before it was ready"
            yield Site(port)
            process.terminate()
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()


class Site:
    """A running local stack."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/"

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """Ask a function by its name, as people's commands do."""
        body = json.dumps(event).encode()
        path = f"{self.url}2015-03-31/functions/{function}/invocations"
        with urlopen(Request(path, body), timeout=60) as answer:  # noqa: S310 - our own server
            return json.loads(answer.read())


class Watch:
    """What goes wrong on a page while somebody looks at it: errors, and requests to anybody but the stack."""

    def __init__(self, page: Page, site: Site) -> None:
        self.wrong: list[str] = []
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("console", lambda said: self.wrong.append(f"console: {said.text}") if said.type == "error" else None)
        page.on("request", lambda asked: self._asked(asked.url, site))

    def _asked(self, url: str, site: Site) -> None:
        if not url.startswith((site.url, "data:")):
            self.wrong.append(f"asked elsewhere: {url}")


def serious(page: Page) -> list[str]:
    """What axe-core finds on the page that is serious or critical: rule and element."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['target']}"
        for each in found
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than its window: nobody should have to scroll sideways."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider


def picture(page: Page, path: Path) -> None:
    """The whole page as a PNG file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=True, animations="disabled")
