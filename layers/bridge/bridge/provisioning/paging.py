"""Following a listing of Okta's page by page, with an end whatever Okta says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from bridge.errors import Transient
from bridge.provisioning.values import AppUser, OktaGroup, Page

#: No listing has more pages, and no so many of them in a row bring nothing that others have not brought.
MAX_PAGES, MAX_IDLE_PAGES = 2000, 3

Entry_ = TypeVar("Entry_", AppUser, OktaGroup)


def pages(read: Callable[[str], Page[Entry_]]) -> Iterator[Page[Entry_]]:
    """Every page, each as it is read; `read` gets what names it, empty for the first one.

    Raises:
        Transient: ``okta-implausible``, where a listing leads back or does not end; and what `read` raises.
    """
    following, followed, known, idle = "", set[str](), set[str](), 0
    while True:
        page = read(following)
        yield page
        following = page.following
        if not following:
            return
        idle = 0 if known < (known := known | {entry.id for entry in page.entries}) else idle + 1
        if following in followed or idle >= MAX_IDLE_PAGES or len(followed) >= MAX_PAGES:
            raise Transient("okta-implausible", detail="a listing that leads back or has no end", upstream="okta")
        followed.add(following)
