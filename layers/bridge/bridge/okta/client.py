"""Okta's management API, read only: an `OktaReader`.

Sources: Okta Management OpenAPI specification (getUser, getApplicationUser, listApplicationUsers,
listApplicationGroupAssignments, getApplication, getGroup, listGroupUsers, listUserGroups), Okta developer
documentation on Link pagination, error codes and rate limits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

from bridge.errors import AuthFailure, BridgeError, Permanent, Transient
from bridge.items import OKTA_ID, parse_time
from bridge.outbound.http import Answer, Auth, HttpClient
from bridge.provisioning.ports import Clock, Pace
from bridge.provisioning.values import AppUser, OktaGroup, OktaUser, Page, Read

_API = "/api/v1/"
_Document = dict[str, Any]
_Params = Sequence[tuple[str, str]]
_Entry_ = TypeVar("_Entry_")
#: getUser answers sooner without what the bridge never reads.
_SLIM = {
    "Content-Type": "application/json; okta-response=omitCredentials,omitCredentialsLinks,omitTransitioningToStatus"
}
_ERROR_CODE = re.compile(r"E\d{7}")
_ERROR_ID = re.compile(r"[A-Za-z0-9._@-]{1,80}")
_NOT_FOUND, _INVALID_TOKEN, _FORBIDDEN, _RATE_LIMITED = "E0000007", "E0000011", "E0000006", "E0000047"

_EXPAND: _Params = (("expand", "user"),)

APP_USERS_PAGE, GROUPS_PAGE, GROUP_USERS_PAGE = 500, 200, 1000


class OktaClient:
    """Reads one Okta org for one application; every listing is whole or raises."""

    def __init__(
        self,
        http: HttpClient,
        auth: Auth,
        app_id: str,
        clock: Clock,
        *,
        pace: Callable[[str], Pace] | None = None,
        record: Callable[[str], None] | None = None,
    ) -> None:
        """Read through `http`.

        Args:
            http: the client of the Okta org.
            auth: `bridge.okta.auth`'s SswsAuth or OAuthAuth.
            app_id: the Okta application whose assignments are the scope.
            clock: our time, used only to tell how long to wait where an answer has no ``Date``.
            pace: gives, once each, the call budget of a bucket of Okta's: ``user`` (one by id), ``users`` (what is
                below it), and likewise ``group``, ``groups``, ``app``, ``apps``. Each has a limit of its own.
            record: is told each call, such as ``GET users/<id> 200``, a failed one with Okta's id of it.
        """
        self._http = http
        self._auth = auth
        self._app = f"apps/{_checked(app_id)}"
        self._clock = clock
        self._pace = pace
        self._paces: dict[str, Pace] = {}
        self._record = record

    def user(self, user_id: str) -> Read[OktaUser]:
        """One user by id; value None when Okta knows no such user."""
        read = self._one(f"users/{_checked(user_id)}", user_id, headers=_SLIM)
        document = read.value
        return Read(None if document is None else OktaUser(user_id, _text(document, "status"), document), read.date)

    def app_user(self, user_id: str) -> Read[AppUser]:
        """The user's assignment to the application, with the user embedded; value None when not assigned."""
        read = self._one(f"{self._app}/users/{_checked(user_id)}", user_id, params=_EXPAND)
        document = read.value
        return Read(None if document is None else AppUser(user_id, _text(document, "status"), document), read.date)

    def app_users(self, page_limit: int) -> Read[Mapping[str, AppUser]]:
        """Every assignment of the application, with the users; value None with more than `page_limit` pages."""
        read = self._listing(f"{self._app}/users", APP_USERS_PAGE, _app_user, _EXPAND, page_limit=page_limit)
        if read.value is None:
            return Read(None, read.date)
        return Read({entry.id: entry for entry in read.value}, read.date)

    def app_users_page(self, following: str = "") -> Page[AppUser]:
        """A page of the application's assignments, with the users: the first one, or the one that `following` names."""
        return self._page(f"{self._app}/users", APP_USERS_PAGE, _app_user, _EXPAND, following)

    def groups_page(self, following: str = "") -> Page[OktaGroup]:
        """A page of all groups of the org, likewise."""
        return self._page("groups", GROUPS_PAGE, _group, (), following)

    def app(self) -> Read[str]:
        """The application's status."""
        answer = self._get(self._app)
        return Read(_text(_object(answer.json()), "status"), self._date(answer))

    def app_groups(self) -> Read[frozenset[str]]:
        """Ids of the groups that are assigned to the application."""
        return _set(self._listing(f"{self._app}/groups", GROUPS_PAGE, _id))

    def group(self, group_id: str) -> Read[OktaGroup]:
        """One group by id; value None when Okta knows no such group."""
        read = self._one(f"groups/{_checked(group_id)}", group_id)
        return Read(None if read.value is None else _group(read.value), read.date)

    def group_users(self, group_id: str) -> Read[frozenset[str]]:
        """Ids of all users of a group, whatever their status; value None when Okta knows no such group."""
        return _set(self._listing(f"groups/{_checked(group_id)}/users", GROUP_USERS_PAGE, _id))

    def user_groups(self, user_id: str) -> Read[tuple[OktaGroup, ...]]:
        """The groups of a user; value None when Okta knows no such user."""
        read = self._listing(f"users/{_checked(user_id)}/groups", GROUPS_PAGE, _group)
        return Read(None if read.value is None else tuple(read.value), read.date)

    def get(self, path: str, params: _Params = (), *, url: str = "") -> Answer:
        """The answer to any other GET, or to a link of it: 200, or a 404 that says E0000007."""
        return self._get(path, params, url=url)

    def _one(
        self, path: str, own_id: str, *, params: _Params = (), headers: Mapping[str, str] | None = None
    ) -> Read[_Document]:
        answer = self._get(path, params, headers=headers)
        if answer.status != HTTPStatus.OK:
            return Read(None, self._date(answer))
        document = _object(answer.json())
        if _id(document) != own_id:
            raise _implausible("another id than asked for")
        return Read(document, self._date(answer))

    def _listing(
        self,
        path: str,
        size: int,
        take: Callable[[_Document], _Entry_],
        params: _Params = (),
        *,
        page_limit: int | None = None,
    ) -> Read[list[_Entry_]]:
        """What `take` takes of every entry, following ``rel="next"`` as Okta gives it.

        None for 404, or with more pages than allowed.
        """
        answer = self._get(path, (*params, ("limit", str(size))))
        date = self._date(answer)
        entries: list[_Entry_] = []
        followed: set[str] = set()
        while answer.status == HTTPStatus.OK:
            entries += _entries(answer, take)
            following = answer.links.get("next")
            if following is None:
                return Read(entries, date)
            if following in followed:
                raise _implausible("a page leads back to an earlier one")
            followed.add(following)
            if page_limit is not None and len(followed) >= page_limit:
                return Read(None, date)
            answer = self._get(path, url=following)
        if followed:
            raise Transient("okta-404-unexplained", detail="on a later page", upstream="okta", status=answer.status)
        return Read(None, date)

    def _page(
        self, path: str, size: int, take: Callable[[_Document], _Entry_], params: _Params, following: str
    ) -> Page[_Entry_]:
        answer = self._get(path, url=following) if following else self._get(path, (*params, ("limit", str(size))))
        if answer.status != HTTPStatus.OK:
            raise Transient("okta-404-unexplained", detail="of a page", upstream="okta", status=answer.status)
        return Page(tuple(_entries(answer, take)), answer.links.get("next", ""), self._date(answer))

    def _get(
        self, path: str, params: _Params = (), *, headers: Mapping[str, str] | None = None, url: str = ""
    ) -> Answer:
        """The answer, either 200 or a 404 that says E0000007; whatever else it is raises."""
        answer = self._send(path, params, headers, url)
        if _is(answer, HTTPStatus.UNAUTHORIZED, _INVALID_TOKEN) and self._auth.renew():
            answer = self._send(path, params, headers, url)
        if answer.status == HTTPStatus.OK:
            return answer
        of_the_app = path in {self._app, f"{self._app}/users", f"{self._app}/groups"}
        if answer.status == HTTPStatus.NOT_FOUND and _error_code(answer) == _NOT_FOUND and not of_the_app:
            return answer
        raise self._failure(answer, of_the_app)

    def _send(self, path: str, params: _Params, headers: Mapping[str, str] | None, url: str) -> Answer:
        pace = self._pace_of(path)
        if pace is not None:
            pace.take()
        try:
            answer = self._http.request(
                "GET",
                url or _API + path,
                params=params,
                headers={**(headers or {}), "Authorization": self._auth.header()},
            )
        except Transient as error:
            self._note(path, error.reason, error.reference)
            raise
        self._note(path, str(answer.status), "" if answer.status == HTTPStatus.OK else _reference(answer))
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

    def _date(self, answer: Answer) -> datetime:
        """Okta's ``Date``; Okta always gives one, and our own clock stands in for a proxy that drops it."""
        return answer.date() or self._clock.now()

    def _until_reset(self, answer: Answer) -> float | None:
        """Seconds from the answer's ``Date`` to its ``X-Rate-Limit-Reset``: both are Okta's clock."""
        reset = answer.number("x-rate-limit-reset")
        if reset is None:
            return None
        return max(0.0, reset - self._date(answer).timestamp())

    def _failure(self, answer: Answer, of_the_app: bool) -> BridgeError:
        status, code = answer.status, _error_code(answer)
        reference = _reference(answer)
        if _is(answer, HTTPStatus.TOO_MANY_REQUESTS, _RATE_LIMITED):
            until = self._until_reset(answer)
            wait = None if until is None else max(1.0, until)
            return Transient("okta-429", retry_after=wait, upstream="okta", reference=reference, status=status)
        refused = (
            _is(answer, HTTPStatus.UNAUTHORIZED, _INVALID_TOKEN)
            or _is(answer, HTTPStatus.FORBIDDEN, _FORBIDDEN)
            or (of_the_app and code == _NOT_FOUND)
        )
        if refused:
            reason = f"okta-app-{status}" if of_the_app and code == _NOT_FOUND else f"okta-{status}"
            return AuthFailure(reason, detail=code, upstream="okta", reference=reference, status=status)
        if status == HTTPStatus.NOT_FOUND:
            return Transient("okta-404-unexplained", detail=code, upstream="okta", reference=reference, status=status)
        if answer.may_pass:
            return Transient(f"okta-{status}", detail=code, upstream="okta", reference=reference, status=status)
        return Permanent(f"okta-{status}", detail=code, upstream="okta", reference=reference, status=status)


def _checked(okta_id: str) -> str:
    """An id that may go into a URL."""
    if not OKTA_ID.fullmatch(okta_id):
        raise Permanent("okta-id-malformed", detail="an Okta id has 8 to 64 letters and digits", upstream="okta")
    return okta_id


def _bucket(path: str) -> str:
    """The rate-limit bucket of a path: ``users/<id>`` counts apart from ``users/<id>/groups``."""
    kind, *rest = path.split("/")
    return kind.removesuffix("s") if len(rest) == 1 else kind


def _is(answer: Answer, status: HTTPStatus, code: str) -> bool:
    return answer.status == status or _error_code(answer) == code


def _error_code(answer: Answer) -> str:
    code = answer.json_object().get("errorCode")
    return code if answer.status != HTTPStatus.OK and isinstance(code, str) and _ERROR_CODE.fullmatch(code) else ""


def _reference(answer: Answer) -> str:
    """Okta's id of a failed call: ``errorId``, else ``X-Okta-Request-Id``."""
    for reference in (answer.json_object().get("errorId"), answer.headers.get("x-okta-request-id")):
        if isinstance(reference, str) and _ERROR_ID.fullmatch(reference):
            return reference
    return ""


def _object(document: object) -> _Document:
    if not isinstance(document, dict):
        raise _implausible("no JSON object")
    return document


def _id(document: _Document) -> str:
    own = document.get("id")
    if not isinstance(own, str) or not OKTA_ID.fullmatch(own):
        raise _implausible("an entry without id")
    return own


def _text(document: _Document, name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise _implausible(f"no {name}")
    return value


def _entries(answer: Answer, take: Callable[[_Document], _Entry_]) -> list[_Entry_]:
    page = answer.json()
    if not isinstance(page, list):
        raise _implausible("a page is no list")
    return [take(_object(entry)) for entry in page]


def _set(read: Read[list[str]]) -> Read[frozenset[str]]:
    return Read(None if read.value is None else frozenset(read.value), read.date)


def _app_user(document: _Document) -> AppUser:
    return AppUser(_id(document), _text(document, "status"), document)


def _group(document: _Document) -> OktaGroup:
    updated = document.get("lastMembershipUpdated")
    try:
        when = None if updated is None else parse_time(updated)
    except (ValueError, TypeError):
        raise _implausible("lastMembershipUpdated is no time") from None
    return OktaGroup(_id(document), _text(_object(document.get("profile")), "name"), when)


def _implausible(detail: str) -> Transient:
    return Transient("okta-implausible", detail=detail, upstream="okta")
