"""Okta's management API, read only: an `OktaReader`.

Sources: Okta Management OpenAPI specification (getUser, getApplicationUser, listApplicationUsers,
listApplicationGroupAssignments, getApplication, getGroup, listGroupUsers, listUserGroups), Okta developer
documentation on Link pagination, error codes and rate limits.

A listing ends with a page that is not full. One that is full and names no other, and one whose link leads elsewhere,
are not what Okta documents, and `Transient`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar

from bridge.errors import Permanent, Transient
from bridge.items import OKTA_ID
from bridge.okta import answers
from bridge.okta.answers import Document
from bridge.outbound import links
from bridge.outbound.answer import LONGEST_WAIT, Answer
from bridge.outbound.http import Auth, HttpClient
from bridge.provisioning.paging import MAX_IDLE_PAGES, MAX_PAGES
from bridge.provisioning.ports import Clock, Pace
from bridge.provisioning.values import AppUser, OktaGroup, OktaUser, Page, Read

_API = "/api/v1/"
_Params = Sequence[tuple[str, str]]
_Entry_ = TypeVar("_Entry_")
#: getUser answers sooner without what the bridge never reads.
_SLIM = {
    "Content-Type": "application/json; okta-response=omitCredentials,omitCredentialsLinks,omitTransitioningToStatus"
}

_EXPAND: _Params = (("expand", "user"),)

APP_USERS_PAGE, GROUPS_PAGE, GROUP_USERS_PAGE = 500, 200, 1000


@dataclass(frozen=True)
class _Leaf:
    """A page as Okta answered it: its entries, what names the next one (empty on the last), Okta's time."""

    documents: list[Document]
    following: str
    date: datetime


class OktaClient:
    """`OktaReader` of `bridge.provisioning.ports`, and more: reads one Okta org for one application."""

    def __init__(
        self,
        http: HttpClient,
        auth: Auth,
        app_id: str,
        clock: Clock,
        *,
        pace: Callable[[str], Pace] | None = None,
        record: Callable[[str], None] | None = None,
        doubt: Callable[[], None] | None = None,
    ) -> None:
        """Read through `http`.

        Args:
            http: the client of the Okta org.
            auth: `bridge.okta.auth`'s SswsAuth or OAuthAuth.
            app_id: the Okta application whose assignments are the scope.
            clock: our time, by which Okta's is judged.
            pace: gives, once each, the call budget of a bucket of Okta's: ``user`` (one by id), ``users`` (what is
                below it), and likewise ``group``, ``groups``, ``app``, ``apps``. Each has a limit of its own.
            record: is told each call, such as ``GET users/<id> 200``, a failed one with Okta's id of it.
            doubt: is told of each ``Date`` that is not believed.
        """
        self._http = http
        self._auth = auth
        self._app = f"apps/{_checked(app_id)}"
        self._clock = clock
        self._pace = pace
        self._paces: dict[str, Pace] = {}
        self._record = record
        self._doubt = doubt

    @property
    def origin(self) -> str:
        """Where the org is."""
        return self._http.base_url

    def user(self, user_id: str) -> Read[OktaUser]:
        read = self._one(f"users/{_checked(user_id)}", user_id, headers=_SLIM)
        return Read(None if read.value is None else answers.user(read.value), read.date)

    def app_user(self, user_id: str) -> Read[AppUser]:
        read = self._one(f"{self._app}/users/{_checked(user_id)}", user_id, params=_EXPAND)
        return Read(None if read.value is None else answers.app_user(read.value), read.date)

    def app_users(self, page_limit: int) -> Read[Mapping[str, AppUser]]:
        read = self._listing(f"{self._app}/users", APP_USERS_PAGE, answers.app_user, _EXPAND, page_limit=page_limit)
        if read.value is None:
            return Read(None, read.date)
        return Read({entry.id: entry for entry in read.value}, read.date)

    def app_users_page(self, following: str = "") -> Page[AppUser]:
        return self._page(f"{self._app}/users", APP_USERS_PAGE, answers.app_user, _EXPAND, following)

    def groups_page(self, following: str = "") -> Page[OktaGroup]:
        return self._page("groups", GROUPS_PAGE, self._group, (), following)

    def groups_named(self, name: str) -> tuple[OktaGroup, ...]:
        """The groups of just this name, as far as Okta's search knows them already."""
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        search = (("search", f'profile.name eq "{quoted}"'),)
        found = self._page("groups", GROUPS_PAGE, self._group, search, "").entries
        return tuple(group for group in found if group.name == name)

    def app(self) -> Read[str]:
        read = self._one(self._app, self._app.removeprefix("apps/"))
        return Read(None if read.value is None else answers.status_of(read.value), read.date)

    def app_groups(self) -> Read[frozenset[str]]:
        return _set(self._listing(f"{self._app}/groups", GROUPS_PAGE, answers.own_id))

    def group(self, group_id: str) -> Read[OktaGroup]:
        read = self._one(f"groups/{_checked(group_id)}", group_id)
        return Read(None if read.value is None else self._group(read.value), read.date)

    def group_users(self, group_id: str) -> Read[frozenset[str]]:
        return _set(self._listing(f"groups/{_checked(group_id)}/users", GROUP_USERS_PAGE, answers.own_id))

    def user_groups(self, user_id: str) -> Read[tuple[OktaGroup, ...]]:
        read = self._listing(f"users/{_checked(user_id)}/groups", GROUPS_PAGE, self._group)
        return Read(None if read.value is None else tuple(read.value), read.date)

    def get(self, path: str, params: _Params = (), *, link: str = "") -> Answer:
        """The answer to any other GET, or to a link of `within`: 200, or a 404 that says E0000007."""
        return self._get(path, params, link=link)

    def date(self, answer: Answer) -> datetime:
        """When Okta answered, for anyone who remembers up to when Okta was read: the earlier of its clock and ours.

        Everything so dated (what a sync has seen, a settled listing, the place of catch-up) means less work the later
        it is, so a clock that runs ahead must not count.
        """
        now = self._clock.now()
        return min(answer.date(now), now)

    def within(self, path: str, link: str) -> str:
        """What of a link is kept and followed, empty when it is not one of the listing at `path` of this org."""
        try:
            return links.within(self.origin, _API + path, link)
        except ValueError:
            return ""

    def following(self, path: str, answer: Answer) -> str:
        """The ``next`` link of an answer, empty without one.

        Raises:
            Transient: there are several, or it leads elsewhere, or the header is none; nothing is to be followed.
        """
        try:
            found = {
                links.within(self.origin, _API + path, target)
                for target in links.targets(answer.headers.get("link", ""), "next")
            }
        except ValueError as unusable:
            raise answers.implausible(f"a next link: {unusable}") from None
        if len(found) > 1:
            raise answers.implausible("two next links")
        return found.pop() if found else ""

    def _group(self, document: Document) -> OktaGroup:
        return answers.group(document, self._clock.now())

    def _one(
        self, path: str, own_id: str, *, params: _Params = (), headers: Mapping[str, str] | None = None
    ) -> Read[Document]:
        answer = self._get(path, params, headers=headers)
        if answer.status != HTTPStatus.OK:
            return Read(None, self.date(answer))
        document = answers.as_object(answer.json())
        if answers.own_id(document) != own_id:
            raise answers.implausible("another id than asked for")
        return Read(document, self.date(answer))

    def _listing(
        self,
        path: str,
        size: int,
        take: Callable[[Document], _Entry_],
        params: _Params = (),
        *,
        page_limit: int | None = None,
    ) -> Read[list[_Entry_]]:
        """What `take` takes of every entry, to the last page; None for 404, or with more pages than allowed.

        An entry may come twice: a listing may shift while it is read.
        """
        leaf = self._leaf(path, size, params, "")
        if isinstance(leaf, datetime):
            return Read(None, leaf)
        date, entries = leaf.date, list(map(take, leaf.documents))
        known, followed, idle = set(map(answers.own_id, leaf.documents)), {""}, 0
        while leaf.following:
            if leaf.following in followed:
                raise answers.implausible("a page leads back to an earlier one")
            if page_limit is not None and len(followed) >= page_limit:
                return Read(None, date)
            if len(followed) >= MAX_PAGES or idle >= MAX_IDLE_PAGES:
                raise answers.implausible("a listing without an end")
            followed.add(leaf.following)
            leaf = self._later_leaf(path, size, params, leaf.following)
            entries += map(take, leaf.documents)
            idle = 0 if known < (known := known | set(map(answers.own_id, leaf.documents))) else idle + 1
        return Read(entries, date)

    def _page(
        self, path: str, size: int, take: Callable[[Document], _Entry_], params: _Params, following: str
    ) -> Page[_Entry_]:
        leaf = self._later_leaf(path, size, params, following)
        return Page(tuple(map(take, leaf.documents)), leaf.following, leaf.date)

    def _later_leaf(self, path: str, size: int, params: _Params, following: str) -> _Leaf:
        """A page that must be there: one that is gone, or a link that Okta does not take, ends no listing."""
        link = self.within(path, following) if following else ""
        if following and not link:
            raise answers.implausible("a page that is none of this listing")
        try:
            leaf = self._leaf(path, size, params, link)
        except Permanent as refused:
            if not link:
                raise
            raise answers.implausible(f"a link that Okta refuses: {refused.reason}") from None
        if isinstance(leaf, datetime):
            raise Transient("okta-404-unexplained", detail="of a page", upstream="okta", status=HTTPStatus.NOT_FOUND)
        return leaf

    def _leaf(self, path: str, size: int, params: _Params, link: str) -> _Leaf | datetime:
        """The page at a link, the first without one; for a 404 its time.

        A page that is full and names no other is read once more, a little smaller: then there must be another one.
        """
        limit = min(size, links.number_in(link, "limit") or size) if link else size
        for asked in (limit, limit - 1):
            if link:
                answer = self._get(path, link=link if asked == limit else links.with_number(link, "limit", asked))
            else:
                answer = self._get(path, (*params, ("limit", str(asked))))
            if answer.status != HTTPStatus.OK:
                return self.date(answer)
            documents = answers.documents(answer)
            following = self.following(path, answer)
            if following or len(documents) < asked:
                return _Leaf(documents, following, self.date(answer))
        raise answers.implausible("a full page that names no other")

    def _get(
        self, path: str, params: _Params = (), *, headers: Mapping[str, str] | None = None, link: str = ""
    ) -> Answer:
        """The answer, either 200 or a 404 that says E0000007; whatever else it is raises."""
        answer = self._send(path, params, headers, link)
        if answers.says(answer, HTTPStatus.UNAUTHORIZED, answers.INVALID_TOKEN) and self._auth.renew():
            answer = self._send(path, params, headers, link)
        if answer.status == HTTPStatus.OK:
            return answer
        of_the_app = path in {self._app, f"{self._app}/users", f"{self._app}/groups"}
        if answer.status == HTTPStatus.NOT_FOUND and answers.error_code(answer) == answers.NOT_FOUND and not of_the_app:
            return answer
        raise answers.failure(answer, of_the_app=of_the_app, until_reset=self._until_reset(answer))

    def _send(self, path: str, params: _Params, headers: Mapping[str, str] | None, link: str) -> Answer:
        pace = self._pace_of(path)
        if pace is not None:
            pace.take()
        try:
            answer = self._http.request(
                "GET",
                link or _API + path,
                params=params,
                headers={**(headers or {}), "Authorization": self._auth.header()},
            )
        except Transient as error:
            self._note(path, error.reason, error.reference)
            raise
        self._note(path, str(answer.status), "" if answer.status == HTTPStatus.OK else answers.reference_of(answer))
        if self._doubt is not None and answer.has_absurd_date(self._clock.now()):
            self._doubt()
        if pace is not None:
            self._observe(pace, answer)
        return answer

    def _pace_of(self, path: str) -> Pace | None:
        bucket = _bucket(path)
        if self._pace is not None and bucket not in self._paces:
            self._paces[bucket] = self._pace(bucket)
        return self._paces.get(bucket)

    def _note(self, path: str, result: str, reference: str) -> None:
        if self._record is not None:
            self._record(f"GET {path} {result} {reference}".rstrip())

    def _observe(self, pace: Pace, answer: Answer) -> None:
        limit, remaining = answer.number("x-rate-limit-limit"), answer.number("x-rate-limit-remaining")
        if not limit or remaining is None:
            return  # no headers, or the concurrency limit, which Okta reports as a limit of 0: no bucket's budget
        pace.observe(limit=int(limit), remaining=int(remaining), reset_seconds=self._until_reset(answer))

    def _until_reset(self, answer: Answer) -> float | None:
        """Seconds from the answer's ``Date`` to its ``X-Rate-Limit-Reset``: both are Okta's clock.

        A bucket lasts a minute, so a reset that is further away than `LONGEST_WAIT` is none (milliseconds, perhaps).
        """
        reset = answer.number("x-rate-limit-reset")
        if reset is None:
            return None
        seconds = max(0.0, reset - answer.date(self._clock.now()).timestamp())
        return seconds if seconds <= LONGEST_WAIT else None


def _checked(okta_id: str) -> str:
    """An id that may go into a URL."""
    if not OKTA_ID.fullmatch(okta_id):
        raise Permanent("okta-id-malformed", detail="an Okta id has 8 to 64 letters and digits", upstream="okta")
    return okta_id


def _bucket(path: str) -> str:
    """The rate-limit bucket of a path: ``users/<id>`` counts apart from ``users/<id>/groups``."""
    kind, *rest = path.split("/")
    return kind.removesuffix("s") if len(rest) == 1 else kind


def _set(read: Read[list[str]]) -> Read[frozenset[str]]:
    return Read(None if read.value is None else frozenset(read.value), read.date)
