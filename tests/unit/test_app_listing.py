"""The listing of the application's users over several runs: each page once, ids only, and never less than the whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, cast
from unittest.mock import patch

import pytest

from bridge.errors import Transient
from bridge.items import Item, Reason, make_item
from bridge.provisioning.listing import HELD_FOR, PAGES, ListedUsers
from bridge.provisioning.records import AppState
from bridge.provisioning.sync import CALL_SECONDS, Work
from bridge.provisioning.values import AppUser, Page
from bridge_local.memory import MemoryStore
from tests.world import VirtualClock

if TYPE_CHECKING:
    from bridge.provisioning.ports import OktaReader

ASKED = make_item("app", Reason.FOLLOW_UP, "1")


@dataclass
class Pages:
    """So many pages of two users each, and which of them were asked for."""

    clock: VirtualClock
    count: int
    asked: list[int] = field(default_factory=list)
    refused: str = ""

    def app_users_page(self, following: str = "") -> Page[AppUser]:
        """The page at a link."""
        number = int(following or 0)
        if following and self.refused:
            raise Transient(self.refused, upstream="okta")
        self.asked.append(number)
        entries = tuple(AppUser(f"{number:04}{letter}", "ACTIVE") for letter in "ab")
        return Page(entries, str(number + 1) if number + 1 < self.count else "", self.clock.now())


@dataclass
class Runs:
    """Runs of the application's sync that have time for so many pages each."""

    pages: Pages
    store: MemoryStore
    clock: VirtualClock
    number: int = 0

    def run(self, items: tuple[Item, ...] = (ASKED,), *, pages: int, after: object = None) -> tuple[int, bool]:
        """How many users a run found in the end, and whether somebody asked too late."""
        self.number += 1
        left = iter([*[CALL_SECONDS] * pages, 0.0])
        reader = ListedUsers(cast("OktaReader", self.pages), self.store, self.clock)
        work = Work(items, lambda: next(left))
        listed = reader.read(work, AppState(sync_number=self.number), after=cast("None", after))
        return len(listed.assigned), listed.late

    def stops(self, items: tuple[Item, ...] = (ASKED,), *, pages: int) -> None:
        """A run whose time is over after so many pages."""
        with pytest.raises(Transient, match="time-budget"):
            self.run(items, pages=pages)


@pytest.fixture
def runs() -> Runs:
    """An application of fifty pages."""
    clock = VirtualClock()
    return Runs(Pages(clock, 50), MemoryStore(), clock)


def test_it_goes_on_where_it_stopped(runs: Runs) -> None:
    """Three runs read every page once, and the last one knows everybody."""
    runs.stops(pages=7)
    runs.stops(pages=PAGES + 3)
    assert runs.run(pages=30) == (100, False)
    assert runs.pages.asked == list(range(50))


def test_nobody_is_judged_twice_by_one_listing(runs: Runs) -> None:
    """A finished listing is kept for those who ask whom it shows; the next judgement reads another."""
    runs.pages.count = 3
    assert runs.run(pages=3) == (6, False)
    assert runs.run(pages=3) == (6, False)
    assert runs.pages.asked == [0, 1, 2, 0, 1, 2]


def test_who_asks_while_it_is_read_is_answered_by_the_next(runs: Runs) -> None:
    """Its first pages are older than what they ask about."""
    runs.stops(pages=7)
    later = make_item("app", Reason.FOLLOW_UP, "2")
    assert runs.run((ASKED, later), pages=50) == (100, True)
    runs.stops((later,), pages=7)
    assert runs.run((later,), pages=50) == (100, False)


def test_a_listing_that_began_before_a_decision_does_not_carry_it_out(runs: Runs) -> None:
    """It begins anew: what a person approved is judged by what Okta says afterwards."""
    runs.stops(pages=7)
    runs.clock.advance(60)
    decided = runs.clock.now()
    runs.clock.advance(60)
    assert runs.run(pages=50, after=decided) == (100, False)
    assert runs.pages.asked == [*range(7), *range(50)]


def test_an_old_listing_begins_anew(runs: Runs) -> None:
    """After half a day nobody knows what its pages were worth."""
    runs.stops(pages=7)
    runs.clock.advance(timedelta(hours=7).total_seconds())
    runs.run(pages=50)
    assert runs.pages.asked == [*range(7), *range(50)]


def test_ids_that_are_gone_are_read_again(runs: Runs) -> None:
    """A part that is lost would look like everybody's leaving."""
    runs.stops(pages=7)
    runs.store.listed_places.clear()
    assert runs.run(pages=50) == (100, False)
    assert runs.pages.asked == [*range(7), *range(50)]


def test_a_link_that_okta_does_not_take_any_more_ends_the_listing(runs: Runs) -> None:
    """The next run does not ask for it again."""
    runs.stops(pages=7)
    runs.pages.refused = "okta-implausible"
    with pytest.raises(Transient, match="okta-implausible"):
        runs.run(pages=50)
    runs.pages.refused = ""
    assert runs.run(pages=50) == (100, False)


def test_a_failure_of_okta_costs_no_page(runs: Runs) -> None:
    """What was read before it is kept, like before the end of time."""
    runs.stops(pages=7)
    runs.pages.refused = "okta-timeout"
    with pytest.raises(Transient, match="okta-timeout"):
        runs.run(pages=50)
    runs.pages.refused = ""
    assert runs.run(pages=50) == (100, False)
    assert runs.pages.asked == list(range(50))


# ------------------------------------------------------------------------------------------ who asks whom it shows

APP = AppState(epoch=3)


def asking(runs: Runs, *, time: bool = True) -> tuple[ListedUsers, Work]:
    """Another process whose sync asks, with time for everything or for five pages."""
    left = iter([*[CALL_SECONDS] * 5, 0.0])
    reader = ListedUsers(cast("OktaReader", runs.pages), runs.store, runs.clock)
    return reader, Work((ASKED,)) if time else Work((ASKED,), lambda: next(left))


def test_one_process_reads_and_all_of_them_know(runs: Runs) -> None:
    """Who is shown is assigned as of the page's date, for everybody who asks for that or for an earlier one."""
    needed = runs.clock.now()
    reader, work = asking(runs)
    reader.have(work, APP, needed, begin=lambda _: True)
    other, _ = asking(runs)
    assert other.shows("0049b", APP, needed) == runs.clock.now()
    assert other.shows("0049b", APP, needed + timedelta(seconds=1)) is None
    assert other.shows("0050a", APP, needed) is None
    assert other.shows("0049b", AppState(epoch=4), needed) is None
    other.have(work, APP, needed, begin=lambda _: True)
    assert runs.pages.asked == list(range(50))


def test_who_asks_while_another_process_reads_waits(runs: Runs) -> None:
    """It is asked for once; a process that died meanwhile leaves it to the next after a while."""
    needed = runs.clock.now()
    reader, work = asking(runs)
    other, _ = asking(runs)
    waits: list[str] = []

    def page(following: str = "") -> Page[AppUser]:
        if following == "5":
            with pytest.raises(Transient, match="okta-listing-pace") as waiting:
                other.have(work, APP, needed, begin=lambda _: True)
            waits.append(waiting.value.reason)
        if following == str(PAGES + 1):
            raise KeyboardInterrupt
        return Pages.app_users_page(runs.pages, following)

    with patch.object(runs.pages, "app_users_page", page), pytest.raises(KeyboardInterrupt):
        reader.have(work, APP, needed, begin=lambda _: True)
    assert waits == ["okta-listing-pace"]
    with pytest.raises(Transient, match="okta-listing-pace"):
        other.have(work, APP, needed, begin=lambda _: True)
    runs.clock.advance(HELD_FOR.total_seconds())
    other.have(work, APP, needed, begin=lambda _: False)
    assert runs.pages.asked == [*range(PAGES + 1), *range(PAGES, 50)]
    assert other.shows("0000a", APP, needed)


def test_who_was_too_slow_waits_for_the_one_who_went_on(runs: Runs) -> None:
    """Nothing of theirs is kept over what the other one has read."""
    needed = runs.clock.now()
    reader, work = asking(runs)
    other, _ = asking(runs)

    def page(following: str = "") -> Page[AppUser]:
        if following == str(PAGES + 1):
            with patch.object(runs.pages, "app_users_page", Pages.app_users_page.__get__(runs.pages)):
                runs.clock.advance(HELD_FOR.total_seconds())
                other.have(work, APP, needed, begin=lambda _: False)
        return Pages.app_users_page(runs.pages, following)

    with (
        patch.object(runs.pages, "app_users_page", page),
        pytest.raises(Transient, match="okta-listing-pace"),
    ):
        reader.have(work, APP, needed, begin=lambda _: True)
    listing = runs.store.listing()
    assert listing is not None
    assert listing.ended
    assert listing.pages == 50


def test_time_that_is_over_leaves_the_rest_to_whoever_comes_next(runs: Runs) -> None:
    """At once: nobody waits for a process that has stopped."""
    needed = runs.clock.now()
    reader, work = asking(runs, time=False)
    with pytest.raises(Transient, match="time-budget"):
        reader.have(work, APP, needed, begin=lambda _: True)
    other, work = asking(runs)
    other.have(work, APP, needed, begin=lambda _: False)
    assert runs.pages.asked == list(range(50))


def test_the_applications_own_listing_comes_first(runs: Runs) -> None:
    """It takes another one's place, goes on although others ask, and is judged by the application's sync alone."""
    needed = runs.clock.now()
    reader, work = asking(runs, time=False)
    with pytest.raises(Transient, match="time-budget"):
        reader.have(work, APP, needed, begin=lambda _: True)
    runs.stops(pages=7)
    other, work = asking(runs)
    other.have(work, APP, needed, begin=lambda _: True)
    assert runs.run(pages=50) == (100, False)
    assert runs.pages.asked == [*range(5), *range(50)]


def test_an_older_page_is_no_listing_for_what_came_later(runs: Runs) -> None:
    """What came after its first page needs another, if that is worth it; how long it was is known."""
    reader, work = asking(runs)
    reader.have(work, APP, runs.clock.now(), begin=lambda _: True)
    runs.clock.advance(10)
    lengths: set[int] = set()

    def begin(pages: int) -> bool:
        lengths.add(pages)
        return False

    reader.have(work, APP, runs.clock.now(), begin=begin)
    assert lengths == {50}
    assert len(runs.pages.asked) == 50
