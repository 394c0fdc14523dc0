"""Genesys Cloud SCIM v2: a `GenesysScim`.

Source: Genesys Cloud's API definition of ``/api/v2/scim/v2`` (paths in lower case, list parameters repeated) and the
mapping tables of its Resource Center; RFC 7644 sections 3.4.2 (filters) and 3.5.2 (PATCH).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from bridge.errors import Permanent, ResourceNotFound, Transient
from bridge.genesys import answers
from bridge.outbound.answer import Answer
from bridge.outbound.http import Auth, HttpClient
from bridge.provisioning.elements import RATED
from bridge.provisioning.ports import Pace
from bridge.provisioning.scim import PATCH_OP, without_case
from bridge.provisioning.values import ScimGroup, ScimPage, ScimUser

BASE = "/api/v2/scim/v2"
#: Above this page size the secondary lookups (externalId among them, which matching needs) may be answered by 429.
PAGE = 25
#: The secondary lookups of what most maps do not have, and beside them those that matching does not need.
UNMAPPED = ("roles", *RATED)
EXPENSIVE = (*UNMAPPED, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager")
#: What each method is answered with when it has worked (response table; RFC 7644, section 3.5.2 for 204).
_SUCCESS: Mapping[str, frozenset[int]] = {
    "GET": frozenset({HTTPStatus.OK}),
    "POST": frozenset({HTTPStatus.OK, HTTPStatus.CREATED}),
    "PATCH": frozenset({HTTPStatus.OK, HTTPStatus.NO_CONTENT}),
}
#: A search for one value finds no more pages, and no organisation has more of inactive users.
MAX_FOUND_PAGES, MAX_INACTIVE_PAGES = 20, 4000
_ATTRIBUTES: Mapping[str, Callable[[ScimUser], str]] = {
    "userName": lambda user: user.user_name,
    "externalId": lambda user: user.external_id,
}
_Params = Sequence[tuple[str, str]]
Resource_ = TypeVar("Resource_", ScimUser, ScimGroup)


class GenesysClient:
    """`GenesysScim` of `bridge.provisioning.ports`, for one organisation."""

    def __init__(
        self,
        http: HttpClient,
        auth: Auth,
        *,
        pace: Pace | None = None,
        record: Callable[[str], None] | None = None,
    ) -> None:
        """Call through `http`.

        Args:
            http: the client of the region's API host.
            auth: `bridge.genesys.token`'s GenesysAuth.
            pace: the shared call budget.
            record: is told each call, such as ``PATCH users/<id> 200``, a failed one with its correlation id.
        """
        self._http = http
        self._auth = auth
        self._pace = pace
        self._record = record

    def hold(self) -> None:
        """Have one call of the budget ready, before anything is read or written for which it may be needed."""
        if self._pace is not None:
            self._pace.hold()

    def probe(self) -> None:
        """A neutral read (``serviceproviderconfig``) that raises as every call does."""
        self._call("GET", "serviceproviderconfig")

    def user(self, genesys_id: str) -> ScimUser | None:
        try:
            answer = self._call("GET", f"users/{_checked(genesys_id)}", by_id=True)
        except ResourceNotFound:
            return None
        return _same(answers.user(answer.json(), answer.headers.get("etag", "")), genesys_id)

    def find_users(self, attribute: str, value: str) -> list[ScimUser]:
        """Users whose `attribute` (userName or externalId) is equal, without case, to `value`.

        The search index lags behind writes, and whether userName finds inactive users is not documented.

        Raises:
            Permanent: `value` cannot be sent (a lone surrogate); the reason is ``genesys-filter-malformed``.
        """
        of = _ATTRIBUTES[attribute]
        wanted = without_case(value)
        found = map(answers.user, self._list("users", attribute, _literal(attribute, value), MAX_FOUND_PAGES))
        return [user for user in found if without_case(of(user)) == wanted]

    def inactive_users(self) -> Iterator[ScimUser]:
        """Every inactive user, page by page; their documents lack what `EXPENSIVE` names."""
        excluded = [("excludedAttributes", name) for name in EXPENSIVE]
        for document in self._list("users", "active", "false", MAX_INACTIVE_PAGES, excluded):
            user = answers.user(document)
            if not user.active:
                yield user

    def users_page(self, start: int, count: int, *, active: bool, rates: Collection[str] = ()) -> ScimPage:
        """A page of the active or the inactive users; their documents lack what `UNMAPPED` and not `rates` names.

        Without a filter Genesys Cloud lists the active ones alone.
        """
        params = [
            *([] if active else [("filter", "active eq false")]),
            ("startIndex", str(start)),
            ("count", str(count)),
            *(("excludedAttributes", name) for name in UNMAPPED if name not in rates),
        ]
        resources, total = self._page("users", f"users?{'active' if active else 'inactive'}", params)
        return ScimPage(tuple(map(answers.user, resources)), total)

    def create_user(self, document: Mapping[str, Any]) -> ScimUser:
        """POST a user; UserNameTaken on 409 and on uniqueness."""
        answer = self._call("POST", "users", document=document, creates=True)
        return answers.user(answer.json(), answer.headers.get("etag", ""))

    def patch_user(self, genesys_id: str, operations: Sequence[Mapping[str, Any]], *, if_match: str = "") -> ScimUser:
        """PATCH a user, with `if_match` only as long as it has that version.

        An answer without a document (204) says nothing of what Genesys Cloud made of it: the user is read back.

        Raises:
            ResourceNotFound: 404. VersionConflict: the version moved. UserNameTaken: 409 for a new userName.
            Permanent: another refusal; `paths` are those of `operations` that it names.
        """
        answer = self._call(
            "PATCH",
            f"users/{_checked(genesys_id)}",
            document=_patch(operations),
            if_match=if_match,
            by_id=True,
            renames=any(_writes_user_name(operation) for operation in operations),
        )
        if answer.body:
            return _same(answers.user(answer.json(), answer.headers.get("etag", "")), genesys_id)
        user = self.user(genesys_id)
        if user is None:
            raise answers.implausible("a user is gone right after a change")
        return user

    def find_groups(self, name: str) -> list[ScimGroup]:
        wanted = without_case(name)
        literal = _literal("displayName", name)
        documents = self._list("groups", "displayName", literal, MAX_FOUND_PAGES, [("excludedAttributes", "members")])
        groups = map(answers.group, documents)
        equal = (group for group in groups if without_case(group.display_name) == wanted)
        return [ScimGroup(group.id, group.display_name) for group in equal]

    def group(self, genesys_id: str) -> ScimGroup | None:
        try:
            answer = self._call("GET", f"groups/{_checked(genesys_id)}", by_id=True)
        except ResourceNotFound:
            return None
        return _same(answers.group(answer.json(), answer.headers.get("etag", "")), genesys_id)

    def add_members(self, group_id: str, user_ids: Sequence[str]) -> ScimGroup:
        value = [{"value": _checked(user_id)} for user_id in user_ids]
        return self._patch_group(group_id, [{"op": "add", "path": "members", "value": value}])

    def remove_members(self, group_id: str, user_ids: Sequence[str], *, if_match: str = "") -> ScimGroup:
        operations = [{"op": "remove", "path": f'members[value eq "{_checked(user_id)}"]'} for user_id in user_ids]
        return self._patch_group(group_id, operations, if_match)

    def _patch_group(self, group_id: str, operations: Sequence[Mapping[str, Any]], if_match: str = "") -> ScimGroup:
        path = f"groups/{_checked(group_id)}"
        answer = self._call("PATCH", path, document=_patch(operations), if_match=if_match, by_id=True)
        etag = answer.headers.get("etag", "")
        if not answer.body:
            return ScimGroup(group_id, "", version=answers.quoted(etag))
        return _same(answers.group(answer.json(), etag), group_id)

    def _list(
        self, resource: str, attribute: str, literal: str, max_pages: int, params: _Params = ()
    ) -> Iterator[object]:
        """The resources that a filter finds, page by page.

        The end is where ``totalResults`` says, and before it at a page that is empty or short and brings nothing new:
        a total may promise more than there is, and a page may be smaller than asked for.

        Raises:
            Transient: full pages repeat what was there, or there are more than `max_pages`.
        """
        start, known = 1, set[str]()
        for _ in range(max_pages):
            place = (("startIndex", str(start)), ("count", str(PAGE)))
            found = (("filter", f"{attribute} eq {literal}"), *place, *params)
            resources, total = self._page(resource, f"{resource}?filter={attribute}", found)
            new = {own_id: each for each in resources if (own_id := answers.own_id(each)) not in known}
            yield from new.values()
            known |= new.keys()
            start += len(resources)
            if start > total or (not new and len(resources) < PAGE):
                return
            if not new:
                raise answers.implausible("a page repeats others")
        raise answers.implausible("a listing without an end")

    def _page(self, resource: str, label: str, params: _Params) -> tuple[list[object], int]:
        page = self._call("GET", resource, label=label, params=params).json()
        return answers.listed(page)

    def _call(
        self,
        method: str,
        path: str,
        *,
        label: str = "",
        params: _Params = (),
        document: Mapping[str, Any] | None = None,
        if_match: str = "",
        by_id: bool = False,
        creates: bool = False,
        renames: bool = False,
    ) -> Answer:
        """A successful answer; see `bridge.genesys.answers.failure` for what else raises."""
        answer = self._send(method, path, label or path, params, document, if_match)
        if answer.status == HTTPStatus.UNAUTHORIZED and self._auth.renew():
            answer = self._send(method, path, label or path, params, document, if_match)
        if answer.status in _SUCCESS[method]:
            return answer
        versioned = method == "PATCH"
        raise answers.failure(
            answer, by_id=by_id, creates=creates, renames=renames, versioned=versioned, sent=document or {}
        )

    def _send(
        self,
        method: str,
        path: str,
        label: str,
        params: _Params,
        document: Mapping[str, Any] | None,
        if_match: str,
    ) -> Answer:
        if self._pace is not None:
            self._pace.take()
        try:
            headers = {"Authorization": self._auth.header()}
            if if_match:
                headers["If-Match"] = if_match
            answer = self._http.request(method, f"{BASE}/{path}", params=params, headers=headers, document=document)
        except Transient as error:
            self._note(method, label, error.reason, error.reference)
            raise
        reference = "" if answer.status in _SUCCESS[method] else answers.reference_of(answer)
        self._note(method, label, str(answer.status), reference)
        self._observe(answer)
        return answer

    def _note(self, method: str, label: str, result: str, reference: str) -> None:
        if self._record is not None:
            self._record(f"{method} {label} {result} {reference}".rstrip())

    def _observe(self, answer: Answer) -> None:
        allowed, count = answer.number("inin-ratelimit-allowed"), answer.number("inin-ratelimit-count")
        if self._pace is None or allowed is None or count is None:
            return
        self._pace.observe(
            limit=int(allowed),
            remaining=max(0, int(allowed - count)),
            reset_seconds=answer.number("inin-ratelimit-reset"),
        )


def _checked(genesys_id: str) -> str:
    """An id that may go into a URL or a path."""
    if not answers.GENESYS_ID.fullmatch(genesys_id):
        raise Permanent(
            "genesys-id-malformed", detail="an id has 8 to 64 letters, digits and hyphens", upstream="genesys"
        )
    return genesys_id


def _same(resource: Resource_, genesys_id: str) -> Resource_:
    if resource.id != genesys_id:
        raise answers.implausible("another id than asked for")
    return resource


def _literal(attribute: str, value: str) -> str:
    """A value of a filter: a JSON string (RFC 7644, section 3.4.2.2), not escaped beyond need."""
    literal = json.dumps(value, ensure_ascii=False)
    try:
        literal.encode()
    except UnicodeEncodeError:
        raise Permanent("genesys-filter-malformed", detail=attribute, upstream="genesys") from None
    return literal


def _patch(operations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"schemas": [PATCH_OP], "Operations": [dict(operation) for operation in operations]}


def _writes_user_name(operation: Mapping[str, Any]) -> bool:
    """Whether an operation's path, or without one its value, names userName; attribute names have no case."""
    path = operation.get("path")
    names = [path] if path else operation.get("value") or {}
    return any(str(name).rpartition(":")[2].lower() == "username" for name in names)
