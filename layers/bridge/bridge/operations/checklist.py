"""The list of checks, and the sheet on which one run of them is written down.

A fault is one `fail`: whatever depends on it is `skipped`, and says which check that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from bridge.operations.bridge_answers import Check

#: Every check in the order in which they are shown, and what it looks at; an id is never given another meaning.
CHECKS: Mapping[str, str] = {
    "bridge.settings": "the function has every setting, and none is malformed",
    "bridge.map": "the attribute map can be read and is right",
    "bridge.version": "this command and the deployed bridge are of one version",
    "bridge.clock": "this machine and the deployed bridge agree on the time",
    "secret.value": "the bridge's secret has a value and can be read",
    "secret.hook": "it has the hook's secret",
    "secret.okta": "it has Okta's credential, where the settings do not",
    "secret.genesys": "it has the Genesys Cloud client",
    "okta.host": "the org answers as Okta does",
    "okta.clock": "Okta's clock and AWS's agree",
    "okta.dpop": "the service app is not asked for DPoP",
    "okta.token": "Okta takes the credential",
    "okta.scope.users": "okta.users.read is granted",
    "okta.scope.groups": "okta.groups.read is granted",
    "okta.scope.apps": "okta.apps.read is granted",
    "okta.scope.logs": "okta.logs.read is granted",
    "okta.scope.eventHooks": "okta.eventHooks.read is granted",
    "okta.role": "the credential has an administrator role that sees what the bridge reads",
    "okta.log": "the System Log can be read, which catch-up lives on",
    "okta.limits": "Okta's rate limits, as its answers report them",
    "app.found": "the application exists",
    "app.active": "it is ACTIVE",
    "app.users": "how many users are assigned to it",
    "app.groups": "how many groups are assigned to it",
    "app.provisioning": "native provisioning is off",
    "app.push": "native group push has no group left",
    "hook.url": "an event hook delivers to this bridge",
    "hook.active": "it is ACTIVE",
    "hook.verified": "it is VERIFIED",
    "hook.types": "it subscribes to the event types that the bridge needs, and to no other",
    "hook.receiver": "the receiver answers this machine",
    "genesys.host": "Genesys Cloud's login and API hosts answer",
    "genesys.token": "Genesys Cloud takes the client",
    "genesys.region": "the region's API takes the token",
    "genesys.role": "the client's role reads users and groups",
    "genesys.writes": "the client's role writes users and members",
    "genesys.roles": "the client's role gives the roles that AllowedRoles names",
    "genesys.limits": "Genesys Cloud's rate limit, as its answers report it",
    "groups.missing": "each group to link has a Genesys Cloud group of its name",
    "groups.double": "no two groups have one name",
    "groups.spelling": "no name differs only in blanks or in the form of its letters",
    "groups.size": "which groups have more than 1,000 members",
    "aws.queues": "the queues answer",
    "aws.tables": "the state table answers",
    "aws.topic": "somebody has confirmed the subscription to alarms",
    "aws.concurrency": "the account's quota of concurrent executions is enough",
}

_NEEDS = "needs "
State = Literal["ok", "fail", "unknown", "skipped"]


class Sheet:
    """One run: what is written is looked up by what depends on it."""

    def __init__(self, checks: Iterable[Check] = ()) -> None:
        """`checks` are written already."""
        self._checks = {check.id: check for check in checks}

    def ok(self, check: str, because: str, do: str = "") -> None:
        """All is well; `because` says what was seen."""
        self._write(check, "ok", because, do)

    def fail(self, check: str, because: str, do: str) -> None:
        """It is not, and `do` says what to do."""
        self._write(check, "fail", because, do)

    def unknown(self, check: str, because: str, do: str = "") -> None:
        """It cannot be told."""
        self._write(check, "unknown", because, do)

    def skip(self, checks: Iterable[str], on: str) -> None:
        """They depend on another one, which is not ok; what is written already stays.

        Where that one is skipped itself, they name the one that it names.
        """
        if on in self._checks and self._checks[on].state == "skipped":
            on = self._checks[on].because.removeprefix(_NEEDS)
        for check in checks:
            if check not in self._checks:
                self._write(check, "skipped", f"{_NEEDS}{on}", "")

    def holds(self, check: str) -> bool:
        """Whether a check is written and ok."""
        return check in self._checks and self._checks[check].state == "ok"

    def first_broken(self, checks: Iterable[str]) -> str:
        """The first of these that is written and not ok; empty without one."""
        return next((check for check in checks if check in self._checks and not self.holds(check)), "")

    def checks(self) -> list[Check]:
        """What is written, in the order of `CHECKS`."""
        return sorted(self._checks.values(), key=lambda check: list(CHECKS).index(check.id))

    def _write(self, check: str, state: State, because: str, do: str) -> None:
        self._checks[check] = Check(id=check, state=state, because=because, do=do)
