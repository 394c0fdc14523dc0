"""The reads of the Management API: users, applications, assignments, groups, members."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from bridge_local.exchange import Request, Response
from bridge_local.okta import render
from bridge_local.okta.answers import Pages, cursor, json_text, not_found, uncursor
from bridge_local.okta.filters import Values, parse_filter
from bridge_local.okta.ids import EVERYONE
from bridge_local.okta.org import Org
from bridge_local.okta.records import DEPROVISIONED, App, Group, User


class ReadApi:
    """Answers reads of an org, with its read lag."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def user(self, request: Request, key: str) -> Response:
        """``GET /users/{id or login}``."""
        user = self._user(key, self._org.as_of())
        document = render.user_document(user, self._org.org_url)
        omitted = request.headers.get("content-type", "")
        if "omitCredentialsLinks" in omitted:
            links = document["_links"]
            document["_links"] = {name: link for name, link in links.items() if "credentials" not in link["href"]}
        if "omitCredentials," in omitted or omitted.endswith("omitCredentials"):
            del document["credentials"]
        return Response.of_json(200, document)

    def users(self, request: Request) -> Response:
        """``GET /users``: DEPROVISIONED only when ``filter`` or ``search`` asks."""
        as_of = self._org.as_of()
        expression = request.param("filter") or request.param("search")
        start = request.param("q").casefold()
        test = parse_filter(expression) if expression else None

        def wanted(user_id: str) -> str | None:
            user = self._org.users.get(user_id, as_of)
            if user is None:
                return None
            if test is None and user.status == DEPROVISIONED:
                return None
            if test is not None and not test(_user_values(user)):
                return None
            names = ("firstName", "lastName", "email")
            if start and not any(str(user.profile.get(name, "")).casefold().startswith(start) for name in names):
                return None
            return render.user_body(user, self._org.org_url)

        return self._page(request, self._pages(request, 200, 200), self._org.users.keys(as_of), wanted)

    def user_groups(self, request: Request, key: str) -> Response:
        """``GET /users/{id}/groups``."""
        as_of = self._org.as_of()
        user = self._user(key, as_of)
        keys = self._org.group_table(user.id).keys(as_of)
        if not self._org.switches.own_groups_show_everyone:
            keys = [key for key in keys if key != EVERYONE]
        return self._page(request, self._pages(request, 200, 200), keys, lambda each: self._group_body(each, as_of))

    def app(self, _request: Request, app_id: str) -> Response:
        """``GET /apps/{id}``."""
        return Response.of_json(200, render.app_document(self._app(app_id), self._org.org_url))

    def pushed_groups(self, request: Request, app_id: str) -> Response:
        """``GET /apps/{id}/group-push/mappings``."""
        app, groups = self._app(app_id), self._org.groups.current

        def wanted(group_id: str) -> str:
            name = groups[group_id].name if group_id in groups else ""
            document = render.push_mapping_document(app, group_id, name)
            if not self._org.switches.push_target_names:
                del document["targetGroupName"]
            return json.dumps(document)

        return self._page(request, self._pages(request, 100, 1000), sorted(app.pushed), wanted)

    def app_users(self, request: Request, app_id: str) -> Response:
        """``GET /apps/{id}/users``."""
        self._app(app_id)
        as_of = self._org.as_of()
        table = self._org.assignments[app_id]
        expand = request.param("expand") == "user"

        def wanted(user_id: str) -> str | None:
            assignment = table.get(user_id, as_of) if self._is_seen(user_id) else None
            user = self._org.users.get(user_id, as_of) if expand else None
            return None if assignment is None else render.assignment_body(assignment, self._org.org_url, user)

        return self._page(request, self._pages(request, 50, 500), table.keys(as_of), wanted)

    def app_user(self, request: Request, app_id: str, user_id: str) -> Response:
        """``GET /apps/{id}/users/{userId}``: 404 when the user is not assigned."""
        self._app(app_id)
        as_of = self._org.as_of()
        assignment = self._org.assignments[app_id].get(user_id, as_of)
        if assignment is None or not self._is_seen(user_id):
            raise not_found(user_id, "AppUser")
        user = self._org.users.get(user_id, as_of) if request.param("expand") == "user" else None
        return json_text(render.assignment_body(assignment, self._org.org_url, user))

    def _is_seen(self, user_id: str) -> bool:
        """Whether the role of anyone who asks shows this user in an application."""
        sees = self._org.switches.role_sees
        return sees is None or user_id in sees

    def app_groups(self, request: Request, app_id: str) -> Response:
        """``GET /apps/{id}/groups``."""
        self._app(app_id)
        as_of = self._org.as_of()
        table = self._org.app_groups[app_id]

        def wanted(group_id: str) -> str | None:
            assignment = table.get(group_id, as_of)
            if assignment is None:
                return None
            return json.dumps(render.group_assignment_document(assignment, app_id, self._org.org_url))

        return self._page(request, self._pages(request, 20, 200, least=20), table.keys(as_of), wanted)

    def group(self, _request: Request, group_id: str) -> Response:
        """``GET /groups/{id}``."""
        body = self._group_body(group_id, self._org.as_of())
        if body is None:
            raise not_found(group_id, "UserGroup")
        return json_text(body)

    def groups(self, request: Request) -> Response:
        """``GET /groups`` with ``q`` (start of the name), ``search`` or ``filter``."""
        as_of = self._org.as_of()
        expression = request.param("filter") or request.param("search")
        test = parse_filter(expression) if expression else None
        start = request.param("q").casefold()

        def wanted(group_id: str) -> str | None:
            group = self._org.groups.get(group_id, as_of)
            if group is None or not group.name.casefold().startswith(start):
                return None
            if test is not None and not test(_group_values(group)):
                return None
            return render.group_body(group, self._org.org_url)

        return self._page(request, self._pages(request, 200, 10_000), self._org.groups.keys(as_of), wanted)

    def group_users(self, request: Request, group_id: str) -> Response:
        """``GET /groups/{id}/users``: members of every status."""
        as_of = self._org.as_of()
        if self._group_body(group_id, as_of) is None:
            raise not_found(group_id, "UserGroup")
        show_all = self._org.switches.groups_list_deprovisioned

        def wanted(user_id: str) -> str | None:
            user = self._org.users.get(user_id, as_of)
            if user is None or not (show_all or user.status != DEPROVISIONED):
                return None
            return render.user_body(user, self._org.org_url)

        keys = self._org.member_table(group_id).keys(as_of)
        return self._page(request, self._pages(request, 1000, 1000), keys, wanted)

    def _user(self, key: str, as_of: float | None) -> User:
        key = unquote(key)
        user = self._org.users.get(key, as_of) or self._org.users.get(self._org.user_id_of(key), as_of)
        if user is None:
            raise not_found(key, "User")
        return user

    def _app(self, app_id: str) -> App:
        app = self._org.apps.get(app_id)
        if app is None:
            raise not_found(app_id, "AppInstance")
        return app

    def _group_body(self, group_id: str, as_of: float | None) -> str | None:
        group = self._org.groups.get(group_id, as_of)
        return None if group is None else render.group_body(group, self._org.org_url)

    def _pages(self, request: Request, default: int, most: int, least: int = 1) -> Pages:
        return Pages(self.base(request), default, most, least, self._org.switches.refuse_limits)

    def base(self, request: Request) -> str:
        """The origin of paging links."""
        host = request.headers.get("host", "")
        if not self._org.switches.host_links or not host:
            return self._org.org_url
        return f"{self._org.org_url.partition('://')[0]}://{host}"

    def _page(self, request: Request, pages: Pages, keys: list[str], wanted: Callable[[str], str | None]) -> Response:
        limit = pages.limit(request)
        after = request.param("after")
        first = bisect_right(keys, uncursor(after)) if after else 0
        bodies: list[str] = []
        last = ""
        for index in range(first, len(keys)):
            body = wanted(keys[index])
            if body is None:
                continue
            if len(bodies) == limit:
                return json_text(f"[{','.join(bodies)}]", pages.links(request, cursor(last)))
            bodies.append(body)
            last = keys[index]
        return json_text(f"[{','.join(bodies)}]", pages.links(request))


def _user_values(user: User) -> Values:
    def values(path: str) -> Iterable[str]:
        if path.startswith("profile."):
            value = user.profile.get(path.removeprefix("profile."))
            return () if value is None else (str(value),)
        fixed = {"id": user.id, "status": user.status, "lastUpdated": render.stamp(user.last_updated) or ""}
        return (fixed[path],) if path in fixed else ()

    return values


def _group_values(group: Group) -> Values:
    def values(path: str) -> Iterable[str]:
        fixed = {
            "id": group.id,
            "type": group.type,
            "profile.name": group.name,
            "lastUpdated": render.stamp(group.last_updated) or "",
            "lastMembershipUpdated": render.stamp(group.last_membership_updated) or "",
        }
        return (fixed[path],) if path in fixed else ()

    return values
