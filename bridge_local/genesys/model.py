"""Genesys Cloud as the bridge meets it: the login host and the SCIM API in one model."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, TypeVar

from bridge_local.exchange import ConnectionCut, Now, Request, Response
from bridge_local.faults import Faults
from bridge_local.genesys.administration import PERMISSIONS, Administration
from bridge_local.genesys.discovery import resource_types, schemas, service_provider_config
from bridge_local.genesys.documents import Projection, etag, list_response
from bridge_local.genesys.errors import (
    JSON_MEDIA,
    SCIM_MEDIA,
    Refused,
    platform_error,
    too_many_requests,
    version_conflict,
)
from bridge_local.genesys.filters import find_groups, find_users
from bridge_local.genesys.limits import RateLimits
from bridge_local.genesys.records import Call
from bridge_local.genesys.schema import ENTERPRISE_URN, GENESYS_URN, GROUP, USER
from bridge_local.genesys.switches import GenesysSwitches
from bridge_local.genesys.tokens import Tokens

T = TypeVar("T")

MAX_BODY = 512_000
"""Bytes of a request's body."""

DEFAULT_COUNT = 25

_TREE = re.compile(r"/api/v2/scim(?P<v2>/v2)?/(?P<collection>[^/]+)(?:/(?P<id>[^/]+))?", re.IGNORECASE)
_ROUTES: Mapping[str, frozenset[str]] = {
    "users": frozenset({"GET", "POST"}),
    "users/{id}": frozenset({"GET", "PUT", "PATCH", "DELETE"}),
    "groups": frozenset({"GET"}),
    "groups/{id}": frozenset({"GET", "PUT", "PATCH"}),
    "resourcetypes": frozenset({"GET"}),
    "resourcetypes/{id}": frozenset({"GET"}),
    "schemas": frozenset({"GET"}),
    "schemas/{id}": frozenset({"GET"}),
    "serviceproviderconfig": frozenset({"GET"}),
}
_GRANTS = {"authorization:grant:add", "authorization:grant:delete"}
_ASSIGNS = {"routing:skill:assign", "routing:language:assign", "telephony:extension:assign"}
_EDIT = frozenset({"directory:user:edit", "directory:user:setPassword", *_GRANTS, *_ASSIGNS})
_ANY_OF: Mapping[tuple[str, str], frozenset[str]] = {
    ("POST", "users"): frozenset({"directory:user:add", *_GRANTS, *_ASSIGNS}),
    ("PUT", "users/{id}"): _EDIT,
    ("PATCH", "users/{id}"): _EDIT,
    ("DELETE", "users/{id}"): frozenset({"directory:user:delete"}),
}
_GROUP_PERMISSION = frozenset({"directory:group:edit"})
_EXPENSIVE = (
    ("", "externalId"),
    ("", "roles"),
    (ENTERPRISE_URN, "manager"),
    (GENESYS_URN, "routingSkills"),
    (GENESYS_URN, "routingLanguages"),
)


class GenesysModel(Administration):
    """One Genesys Cloud organisation; `handle` may be called from any thread.

    Attributes:
        calls: every request received, oldest first.
        faults: the faults in force.
        tokens: the login host.
    """

    def __init__(
        self,
        now: Now,
        rng: random.Random,
        switches: GenesysSwitches | None = None,
        *,
        client_id: str = "genesys-client",
        client_secret: str = "genesys-secret",  # noqa: S107 - the made-up secret of a model
        base_url: str = "https://api.mypurecloud.com",
    ) -> None:
        self._base = f"{base_url}/api/v2/scim/v2"
        super().__init__(now, rng, switches or GenesysSwitches(), self._base)
        self.calls: list[Call] = []
        self.faults = Faults(now, rng)
        self.tokens = Tokens(client_id, client_secret, rng, self.switches)
        self._limits = RateLimits(self.switches)

    def revoke_tokens(self) -> None:
        """Make every token given out so far worthless."""
        with self._lock:
            self.tokens.revoke()

    def handle(self, request: Request) -> Response:
        """Answer a request of either host.

        Raises:
            ConnectionCut: a fault says so.
        """
        with self._lock:
            call = Call(len(self.calls) + 1, self._now(), request.method, request.path, query=request.query)
            call.route, _ = self._route(request)
            self.calls.append(call)
            try:
                # The call is what is asked first: where a fault asks more, that is no call of the caller's.
                response = self.faults.serve(
                    request, lambda asked: self._serve(asked, replace(call) if call.status else call)
                )
            except ConnectionCut:
                call.lost = call.status != 0
                raise
            call.headers = response.headers
            call.status = response.status = int(response.status)
            return response

    # ----------------------------------------------------------------------------------------- Routing

    def _route(self, request: Request) -> tuple[str, re.Match[str] | None]:
        """The route as `Call` names it, and what the path of a SCIM call consists of."""
        if request.path == "/oauth/token":
            return "oauth/token", None
        match = _TREE.fullmatch(request.path)
        if match is None:
            return "unknown", None
        collection = match["collection"]
        lower = collection.lower() if self.switches.any_case_paths else collection
        route = f"{lower}/{{id}}" if match["id"] else lower
        return (route, match) if route in _ROUTES else ("unknown", None)

    def _serve(self, request: Request, call: Call) -> Response:
        correlation = self.directory.new_id()
        try:
            response = self._answer(request, call, *self._route(request))
        except Refused as refusal:
            response = refusal.response(correlation)
        response.headers = {**response.headers, **call.headers, "ININ-Correlation-Id": correlation}
        call.status = int(response.status)
        return response

    def _answer(self, request: Request, call: Call, route: str, match: re.Match[str] | None) -> Response:
        if route == "oauth/token":
            if request.method != "POST":
                raise platform_error(HTTPStatus.METHOD_NOT_ALLOWED, code="bad.request", message="POST is expected")
            return self.tokens.mint(request, call.at)
        token = self.tokens.check(request, call.at)
        call.headers = self._limits.take(token, call.at)
        if match is None:
            raise platform_error(HTTPStatus.NOT_FOUND)
        if request.method not in _ROUTES[route]:
            raise platform_error(
                HTTPStatus.METHOD_NOT_ALLOWED, code="bad.request", message="The method is not allowed here."
            )
        self._authorize(request.method, route)
        if route.startswith("users"):
            return self._user_route(request, call, match["id"] or "")
        if route.startswith("groups"):
            return self._group_route(request, call, match["id"] or "", match["v2"] is not None)
        return self._discovery(request, route, match["id"] or "")

    def _authorize(self, method: str, route: str) -> None:
        if route.startswith("groups"):
            needed = _GROUP_PERMISSION
        elif route.startswith("users") and method == "GET":
            needed = frozenset() if self.switches.users_readable_without_role else PERMISSIONS
        else:
            needed = _ANY_OF.get((method, route), frozenset())
        if needed and not needed & self.permissions:
            names = ", ".join(sorted(needed))
            raise platform_error(
                HTTPStatus.FORBIDDEN,
                code=self.switches.missing_permission_code,
                message=f"Unable to perform the requested action. You must have at least one of: {names}",
            )

    def _body(self, request: Request, call: Call) -> Any:
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media not in {SCIM_MEDIA, JSON_MEDIA}:
            raise platform_error(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        if len(request.body) > MAX_BODY:
            message = f"The request is over the size limit. Maximum bytes: {MAX_BODY}"
            raise platform_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message=message)
        try:
            body = json.loads(request.body)
        except ValueError as error:
            raise platform_error(HTTPStatus.BAD_REQUEST) from error
        call.body = _masked(body)
        return body

    # ------------------------------------------------------------------------------------------- Users

    def _user_route(self, request: Request, call: Call, user_id: str) -> Response:
        if not user_id and request.method == "GET":
            return self._list_users(request)
        if not user_id:
            status, user = self._users.create(self._body(request, call))
            call.user_id, call.changed = user.id, True
            return self._resource(request, self._documents.user(user), status)
        call.user_id = user_id
        if request.method == "GET":
            projection = Projection.of(request, USER, self.switches)
            return self._found(request, projection.apply(self._documents.user(self._users.read(user_id))))
        user = self._users.get(user_id)
        self._match(request, user.version)
        if request.method == "DELETE":
            call.changed = True
            self._users.delete(user)
            return Response(HTTPStatus.NO_CONTENT)
        change = self._users.put if request.method == "PUT" else self._users.patch
        written = change(user, self._body(request, call))
        call.changed = written is not user
        return self._resource(request, self._documents.user(written))

    def _list_users(self, request: Request) -> Response:
        projection = Projection.of(request, USER, self.switches)
        start, count = self._page(request)
        expensive = count > DEFAULT_COUNT and any(projection.shows(*name) for name in _EXPENSIVE)
        if expensive and self.switches.expensive_lists_refused:
            raise too_many_requests(
                self.switches, 1, key="scim.resources", namespace="scim", value=DEFAULT_COUNT, headers={}
            )
        found = find_users(self.directory, self.switches, request.param("filter"))
        page = (projection.apply(self._documents.user(user)) for user in _slice(found, start, count))
        return self._json(request, list_response(len(found), start, page))

    # ------------------------------------------------------------------------------------------ Groups

    def _group_route(self, request: Request, call: Call, group_id: str, v2: bool) -> Response:
        if not group_id:
            return self._list_groups(request, v2)
        call.group_id = group_id
        group = self._groups.get(group_id)
        if request.method == "GET":
            group = self.directory.seen_group(group)
            projection = Projection.of(request, GROUP, self.switches)
            document = self._documents.group(group, members=projection.shows("", "members"))
            return self._found(request, projection.apply(document))
        self._match(request, group.version)
        change = self._groups.put if request.method == "PUT" else self._groups.patch
        written = change(group, self._body(request, call))
        call.changed = written is not group
        if written.members is not group.members:
            call.added = tuple(member for member in written.members if member not in group.members)
            call.removed = tuple(member for member in group.members if member not in written.members)
        shown = request.method == "PUT" or self.switches.patch_shows_members
        return self._resource(request, self._documents.group(written, members=shown))

    def _list_groups(self, request: Request, v2: bool) -> Response:
        text = request.param("filter")
        if v2 and not text and self.switches.group_filter_required:
            raise platform_error(HTTPStatus.BAD_REQUEST, message="The parameter filter is required.")
        projection = Projection.of(request, GROUP, self.switches)
        start, count = self._page(request)
        found = find_groups(self.directory, self.switches, text)
        shown = projection.shows("", "members")
        page = (projection.apply(self._documents.group(group, members=shown)) for group in _slice(found, start, count))
        return self._json(request, list_response(len(found), start, page))

    # --------------------------------------------------------------------------------------- Discovery

    def _discovery(self, request: Request, route: str, name: str) -> Response:
        if route == "serviceproviderconfig":
            return self._found(request, service_provider_config(self._base, self.switches))
        if route.startswith("schemas") and request.param("filter"):
            raise platform_error(HTTPStatus.FORBIDDEN)
        resources = schemas(self._base) if route.startswith("schemas") else resource_types(self._base)
        if not name:
            return self._json(request, list_response(len(resources), 1, resources))
        found = next((resource for resource in resources if resource["id"].lower() == name.lower()), None)
        if found is None:
            raise platform_error(HTTPStatus.NOT_FOUND)
        return self._json(request, found)

    # ----------------------------------------------------------------------------------------- Answers

    def _page(self, request: Request) -> tuple[int, int]:
        numbers = []
        for name, default in (("startIndex", 1), ("count", DEFAULT_COUNT)):
            text = request.param(name) or f"{default}"
            if not re.fullmatch(r"-?\d{1,9}", text):
                raise platform_error(HTTPStatus.BAD_REQUEST, message=f"{name} must be a whole number")
            numbers.append(int(text))
        return max(1, numbers[0]), min(max(0, numbers[1]), self.switches.max_results)

    def _match(self, request: Request, version: int) -> None:
        wanted = [tag.strip() for tag in request.headers.get("if-match", "*").split(",")]
        current = set() if self.switches.weak_etags else {etag(version)}  # RFC 9110, 13.1.1: compared strongly
        if not ({"*"} | current) & set(wanted):
            raise version_conflict(self.switches)

    def _found(self, request: Request, document: Mapping[str, Any]) -> Response:
        """A resource, or 304 where If-None-Match names its version."""
        version = document["meta"].get("version")
        if version in [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]:
            return Response(HTTPStatus.NOT_MODIFIED, {"ETag": version})
        return self._resource(request, document)

    def _resource(self, request: Request, document: Mapping[str, Any], status: int = HTTPStatus.OK) -> Response:
        meta = document["meta"]
        headers = {"ETag": meta["version"]} if "version" in meta else {}
        if status == HTTPStatus.CREATED:
            headers["Location"] = meta["location"]
        return self._json(request, document, status, headers)

    def _json(
        self, request: Request, document: Any, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
    ) -> Response:
        media = SCIM_MEDIA if SCIM_MEDIA in request.headers.get("accept", "") else JSON_MEDIA
        return Response.of_json(status, document, headers, media)


def _slice(found: Sequence[T], start: int, count: int) -> Sequence[T]:
    return found[start - 1 : start - 1 + count]


def _masked(value: Any) -> Any:
    """A copy of a JSON document with every password hidden, also where a PATCH names it by path."""
    if isinstance(value, list):
        return [_masked(element) for element in value]
    if not isinstance(value, dict):
        return value
    hidden = {name for name in value if name.lower() == "password"}
    if str(value.get("path", "")).lower().rpartition(":")[2] == "password":
        hidden.add("value")
    return {name: "***" if name in hidden else _masked(element) for name, element in value.items()}
