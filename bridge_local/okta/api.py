"""The HTTP side of the model: who asks, what goes wrong, which call is meant, and the headers of every answer."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from email.utils import format_datetime

from bridge_local.exchange import Request, Response
from bridge_local.faults import Faults
from bridge_local.okta.answers import OktaError
from bridge_local.okta.hook_api import HookApi
from bridge_local.okta.log_api import LogApi
from bridge_local.okta.oauth import OAuth
from bridge_local.okta.rate_limits import Allowance, RateLimits
from bridge_local.okta.read_api import ReadApi
from bridge_local.okta.write_api import Administrators, WriteApi

_Handler = Callable[..., Response]


class Api:
    """Routes requests to an org."""

    def __init__(self, org: Administrators, oauth: OAuth, hooks: HookApi) -> None:
        self._org = org
        self._oauth = oauth
        self.rate_limits = RateLimits(org.switches)
        self._numbers = itertools.count(1)
        self.faults = Faults(org.our_now, org.rng)
        reads = ReadApi(org)
        logs = LogApi(org, reads.base)
        writes = WriteApi(org)
        users, groups, apps = "okta.users.read", "okta.groups.read", "okta.apps.read"
        see, manage = "okta.eventHooks.read", "okta.eventHooks.manage"
        hook = r"/api/v1/eventHooks/([^/]+)"
        user, group, app = (rf"/api/v1/{kind}/([^/]+)" for kind in ("users", "groups", "apps"))
        edit_users, edit_groups, edit_apps = "okta.users.manage", "okta.groups.manage", "okta.apps.manage"
        routes: tuple[tuple[str, str, str, _Handler], ...] = (
            ("GET", r"/api/v1/users/([^/]+)", users, reads.user),
            ("GET", r"/api/v1/users", users, reads.users),
            ("GET", r"/api/v1/users/([^/]+)/groups", users, reads.user_groups),
            ("GET", r"/api/v1/apps/([^/]+)", apps, reads.app),
            ("GET", r"/api/v1/apps/([^/]+)/users", apps, reads.app_users),
            ("GET", r"/api/v1/apps/([^/]+)/users/([^/]+)", apps, reads.app_user),
            ("GET", r"/api/v1/apps/([^/]+)/groups", apps, reads.app_groups),
            ("GET", r"/api/v1/apps/([^/]+)/group-push/mappings", apps, reads.pushed_groups),
            ("GET", r"/api/v1/groups/([^/]+)", groups, reads.group),
            ("GET", r"/api/v1/groups", groups, reads.groups),
            ("GET", r"/api/v1/groups/([^/]+)/users", groups, reads.group_users),
            ("GET", r"/api/v1/logs", "okta.logs.read", logs.events),
            ("GET", r"/api/v1/eventHooks", see, hooks.hooks),
            ("POST", r"/api/v1/eventHooks", manage, hooks.create),
            ("GET", hook, see, hooks.hook),
            ("PUT", hook, manage, hooks.replace),
            ("DELETE", hook, manage, hooks.delete),
            ("POST", hook + "/lifecycle/verify", manage, hooks.verify),
            ("POST", hook + "/lifecycle/activate", manage, hooks.activate),
            ("POST", hook + "/lifecycle/deactivate", manage, hooks.deactivate),
            ("POST", r"/api/v1/users", edit_users, writes.create_user),
            ("POST", user, edit_users, writes.update_user),
            ("PUT", user, edit_users, writes.replace_user),
            ("DELETE", user, edit_users, writes.delete_user),
            ("POST", user + r"/lifecycle/([a-z_]+)", edit_users, writes.user_step),
            ("POST", r"/api/v1/groups", edit_groups, writes.create_group),
            ("PUT", group, edit_groups, writes.replace_group),
            ("DELETE", group, edit_groups, writes.delete_group),
            ("PUT", group + r"/users/([^/]+)", edit_groups, writes.join),
            ("DELETE", group + r"/users/([^/]+)", edit_groups, writes.leave),
            ("POST", app + r"/users", edit_apps, writes.assign_user),
            ("POST", app + r"/users/([^/]+)", edit_apps, writes.update_app_user),
            ("DELETE", app + r"/users/([^/]+)", edit_apps, writes.unassign_user),
            ("PUT", app + r"/groups/([^/]+)", edit_apps, writes.assign_group),
            ("DELETE", app + r"/groups/([^/]+)", edit_apps, writes.unassign_group),
            ("POST", app + r"/lifecycle/(activate|deactivate)", edit_apps, writes.app_step),
        )
        self._slow: _Handler = hooks.verify
        self._routes = [(method, re.compile(path), scope, handler) for method, path, scope, handler in routes]

    def handle(self, request: Request) -> Response:
        """Answer one request; faults first, then the credential, the limit, the call."""
        return self.faults.serve(request, self._serve)

    def _serve(self, request: Request) -> Response:
        number = next(self._numbers)
        response: Response | None = None
        allowance: Allowance | None = None
        try:
            with self._org.lock:
                if request.path == "/oauth2/v1/token":
                    allowance = self.rate_limits.take(request.path, "", self._org.epoch())
                    _require(allowance)
                    response = self._oauth.token(request)
                else:
                    credential, scopes = self._oauth.who(request)
                    allowance = self.rate_limits.take(request.path, credential, self._org.epoch())
                    _require(allowance)
                    handler, values = self._find(request, scopes)
                    if handler != self._slow:
                        response = handler(request, *values)
            if response is None:
                response = handler(request, *values)
        except OktaError as error:
            response = error.response(f"oae{number:022d}")
        headers = {
            "Date": format_datetime(self._org.now().replace(microsecond=0), usegmt=True),
            "x-okta-request-id": f"{number:032x}",
            "Cache-Control": "no-cache, no-store",
        }
        if allowance is not None:
            headers |= allowance.headers
        response.headers = headers | response.headers
        return response

    def _find(self, request: Request, scopes: frozenset[str] | None) -> tuple[_Handler, tuple[str, ...]]:
        """The handler of a permitted call, and the ids in its path."""
        known = False
        for method, pattern, scope, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match is None:
                continue
            known = True
            if method != request.method:
                continue
            if scopes is not None and scope not in scopes and scope.replace(".read", ".manage") not in scopes:
                challenge = f'Bearer scope="{scope}", error="insufficient_scope"'
                raise OktaError(403, "E0000006", headers={"WWW-Authenticate": challenge})
            if self._org.switches.role_missing:
                raise OktaError(403, "E0000006")
            return handler, match.groups()
        raise OktaError(405, "E0000022") if known else OktaError(404, "E0000007")


def _require(allowance: Allowance) -> None:
    """Let a call go on that its bucket still allows.

    Raises:
        OktaError: 429 until the bucket's reset.
    """
    if not allowance.allowed:
        raise OktaError(429, "E0000047", headers={"X-Rate-Limit-Remaining": "0"})
