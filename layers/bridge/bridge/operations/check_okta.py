"""Checks of Okta: host, credential, scopes, role, application and event hook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bridge.aws.soundings import ALL_SCOPES, HOOK_TYPES, EventHook, Knocked, Sounded, Soundings
from bridge.errors import SettingsError
from bridge.operations.checklist import Sheet

#: Okta takes no assertion whose time is further from its own.
MAX_SKEW = timedelta(minutes=5)
_HOST, _DPOP, _TOKEN, _ROLE, _LOG = "okta.host", "okta.dpop", "okta.token", "okta.role", "okta.log"
_SCOPES = tuple(f"okta.scope.{scope.split('.')[1]}" for scope in ALL_SCOPES)
_APP = ("app.found", "app.active", "app.users", "app.groups", "app.provisioning", "app.push")
_HOOK = ("hook.url", "hook.active", "hook.verified", "hook.types")
#: So many event types are named of those that are missing, and of those that are superfluous.
_MAX_TYPES = 30
#: What the document of an application calls native provisioning that is on (Okta, Applications API: features).
_PROVISIONING = ("PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION", "PUSH_PASSWORD_UPDATES")


class OktaChecks:
    """Writes what Okta shows on a sheet."""

    def __init__(self, soundings: Soundings, sheet: Sheet, *, oauth: bool) -> None:
        """`oauth`: whether the bridge signs in as a service app rather than with an API token."""
        self._soundings = soundings
        self._sheet = sheet
        self._oauth = oauth
        self._unread: dict[str, str] = {}

    def run(self, hook_url: str) -> None:
        """All of them; `hook_url` is where our hook has to deliver to."""
        sheet = self._sheet
        if not self._knock():
            sheet.skip(("okta.clock",), _HOST)
        first = sheet.first_broken((_HOST, "secret.value", "secret.okta", "okta.clock"))
        if first:
            sheet.skip((_DPOP, _TOKEN, *_SCOPES, _ROLE, _LOG, "okta.limits", *_APP, *_HOOK), first)
            return
        sounded = {f"okta.scope.{scope.split('.')[1]}": self._soundings.scope(scope) for scope in ALL_SCOPES}
        self._sign_in(list(sounded.values()))
        self._judge_scopes(sounded)
        log = sounded.pop("okta.scope.logs")
        self._judge_role(sounded)
        self._judge_log(log)
        self._limits()
        self._app(sounded["okta.scope.apps"])
        self._hook(sounded["okta.scope.eventHooks"], hook_url)

    def unread(self, scope: str) -> str:
        """The check because of which what needs a scope (``groups``) cannot be read; empty where it can."""
        check = f"okta.scope.{scope}"
        broken = self._sheet.first_broken(("okta.host", "secret.value", "secret.okta", "okta.clock", _DPOP, _TOKEN))
        return broken or self._unread.get(check, "")

    def _knock(self) -> bool:
        sheet, sounded = self._sheet, self._soundings.knock()
        knocked = sounded.value
        if not isinstance(knocked, Knocked):
            sheet.fail(_HOST, f"no answer: {_why(sounded)}", "Check OktaOrgUrl: https://<org>.okta.com, not -admin.")
            return False
        if not knocked.is_okta and knocked.status >= 500:  # noqa: PLR2004 - a server's error
            sheet.unknown(_HOST, f"the org answers {knocked.status}", "Try again in a minute.")
            return False
        if not knocked.is_okta:
            sheet.fail(_HOST, f"what answers {knocked.status} is not Okta", "Check OktaOrgUrl: https://<org>.okta.com.")
            return False
        sheet.ok(_HOST, "the org answers as Okta does")
        if knocked.skew is None:
            sheet.ok("okta.clock", "the answer has no Date; the bridge goes by AWS's clock")
        elif abs(knocked.skew) > MAX_SKEW:
            seconds = (
                "more than 10 minutes" if knocked.skew == timedelta.max else f"{knocked.skew.total_seconds():.0f} s"
            )
            do = "Something between the bridge and Okta answers in its place, or this machine's clock is wrong."
            sheet.fail("okta.clock", f"Okta's clock is {seconds} away", do)
        else:
            sheet.ok("okta.clock", f"Okta's clock is {abs(knocked.skew.total_seconds()):.0f} s away")
        return True

    def _sign_in(self, sounded: Sequence[Sounded]) -> None:
        sheet = self._sheet
        if any(_reason(each) == "okta-dpop-required" for each in sounded):
            do = (
                'Untick "Require Demonstrating Proof of Possession (DPoP) header in token requests" in the service app.'
            )
            sheet.fail(_DPOP, "the service app asks for DPoP, which the bridge does not use", do)
            sheet.skip((_TOKEN,), _DPOP)
            return
        sheet.ok(_DPOP, "the service app does not ask for it" if self._oauth else "an API token needs none")
        refused = [each for each in sounded if _is_token(each)]
        if refused:
            sheet.fail(_TOKEN, f"refused: {_why(refused[0])}", self._how_to_sign_in(_reason(refused[0])))
        elif sounded and all(_is_unanswered(each) for each in sounded):
            sheet.unknown(_TOKEN, f"no answer: {_why(sounded[0])}", "Try again in a minute.")
        else:
            sheet.ok(_TOKEN, "Okta takes the credential")

    def _how_to_sign_in(self, reason: str) -> str:
        if not self._oauth:
            return "Put an API token of a Read-Only Administrator into the secret as okta_token."
        if reason == "okta-signing-key":
            return "AWS KMS does not sign: the function's role needs kms:Sign for the signing key."
        return "Check OktaClientId, and that the service app has the public key whose kid is the KMS key's id."

    def _judge_scopes(self, sounded: Mapping[str, Sounded]) -> None:
        sheet = self._sheet
        broken = sheet.first_broken((_DPOP, _TOKEN))
        if broken:
            sheet.skip(_SCOPES, broken)
            return
        for (check, each), scope in zip(sounded.items(), ALL_SCOPES, strict=True):
            if _lacks_scope(each):
                self._unread[check] = check
                sheet.fail(check, f"{scope} is not granted", f"Grant {scope}: the service app's tab Okta API Scopes.")
            else:
                sheet.ok(check, "granted" if self._oauth else "an API token has no scopes")

    def _judge_role(self, sounded: Mapping[str, Sounded]) -> None:
        sheet = self._sheet
        broken = sheet.first_broken((_DPOP, _TOKEN))
        asked = {check: each for check, each in sounded.items() if check not in self._unread}
        if broken or not asked:
            sheet.skip((_ROLE,), broken or _SCOPES[0])
            return
        hidden = [check for check, each in asked.items() if _status(each) == 403]  # noqa: PLR2004 - forbidden
        silent = [check for check, each in asked.items() if each.error is not None and not _is_gone(each)]
        for check in silent:
            self._unread[check] = _ROLE
        if hidden:
            names = ", ".join(check.rpartition(".")[2] for check in hidden)
            do = "Give the credential the role Read-Only Administrator."
            if names == "eventHooks":
                do = (
                    "Event hooks need a role that reads them, such as a custom one; without it nobody watches the hook."
                )
            sheet.fail(_ROLE, f"403 for {names}", do)
        elif silent:
            sheet.unknown(_ROLE, f"no answer: {_why(asked[silent[0]])}", "Try again in a minute.")
        else:
            sheet.ok(_ROLE, "everything that the bridge reads can be read")

    def _judge_log(self, sounded: Sounded) -> None:
        """Catch-up reads nothing else: its trouble has a name of its own, whatever else can be read."""
        sheet = self._sheet
        broken = sheet.first_broken((_DPOP, _TOKEN)) or self._unread.get("okta.scope.logs", "")
        if not broken and sounded.error is None:
            sheet.ok(_LOG, "GET /logs answers")
        elif broken or sheet.first_broken((_ROLE,)):
            sheet.skip((_LOG,), broken or _ROLE)
        elif _status(sounded) == 403:  # noqa: PLR2004 - forbidden
            do = "Give the credential the role Read-Only Administrator, which reads the System Log; catch-up needs it."
            sheet.fail(_LOG, "403 for logs: what hooks drop waits for the next comparison", do)
        else:
            sheet.unknown(_LOG, f"no answer: {_why(sounded)}", "Try again in a minute.")

    def _limits(self) -> None:
        sheet = self._sheet
        limits = {name: each for name, each in self._soundings.limits.items() if name.startswith("okta-")}
        broken = sheet.first_broken((_DPOP, _TOKEN))
        if broken:
            sheet.skip(("okta.limits",), broken)
        elif limits:
            said = ", ".join(f"{name.removeprefix('okta-')} {limit}" for name, limit in sorted(limits.items()))
            sheet.ok("okta.limits", f"calls a minute by bucket: {said}")
        else:
            sheet.unknown("okta.limits", "the answers report none")

    def _app(self, sounded: Sounded) -> None:
        sheet, blame = self._sheet, self.unread("apps")
        if blame:
            sheet.skip(_APP, blame)
            return
        document = sounded.value
        if not isinstance(document, Mapping):
            sheet.fail("app.found", "Okta knows no such application", "Check OktaAppId: 0oa... of the application.")
            sheet.skip(_APP, "app.found")
            return
        sheet.ok("app.found", "Okta shows the application")
        status = str(document.get("status", ""))[:20]
        if status == "ACTIVE":
            sheet.ok("app.active", "ACTIVE")
        else:
            sheet.fail(
                "app.active", f"{status or 'no status'}: nobody is changed meanwhile", "Activate the application."
            )
        for what in ("users", "groups"):
            self._count(what)
        self._native(document.get("features"))

    def _count(self, what: str) -> None:
        sheet, counted = self._sheet, self._soundings.count(what)
        if counted.value is None:
            sheet.unknown(f"app.{what}", f"no answer: {_why(counted)}", "Try again in a minute.")
            return
        number, more = counted.value
        do = f"Assign {what} to the application: they are the scope." if not number else ""
        sheet.ok(f"app.{what}", f"{number}{' and more' if more else ''} assigned", do)

    def _native(self, features: Any) -> None:
        sheet = self._sheet
        if not isinstance(features, list):
            sheet.unknown("app.provisioning", "the application's document does not tell")
        elif on := [name for name in _PROVISIONING if name in features]:
            do = "When the bridge is to take over: Provisioning > To App, untick Create, Update and Deactivate."
            sheet.fail("app.provisioning", f"on: {', '.join(on)}", do)
        else:
            sheet.ok("app.provisioning", "off")
        pushed = self._soundings.pushed_groups()
        if pushed.value is None:
            sheet.unknown("app.push", f"Okta does not list them: {_why(pushed) or '404'}")
        elif pushed.value:
            do = "When the bridge is to take over: Push Groups, unlink each and leave the group in the target app."
            sheet.fail("app.push", f"{pushed.value} pushed", do)
        else:
            sheet.ok("app.push", "no group is pushed")

    def _hook(self, sounded: Sounded, hook_url: str) -> None:
        sheet, blame = self._sheet, self.unread("eventHooks")
        if blame:
            sheet.skip(_HOOK, blame)
            return
        hooks: Sequence[EventHook] = sounded.value or ()
        ours = [hook for hook in hooks if hook.uri.rstrip("/") == hook_url.rstrip("/")]
        if not ours:
            sheet.fail("hook.url", f"none of {len(hooks)} hooks delivers to {hook_url}", "`bridge hook register`")
            sheet.skip(_HOOK, "hook.url")
            return
        sheet.ok("hook.url", ", ".join(hook.id for hook in ours), "One is enough." if len(ours) > 1 else "")
        hook = max(ours, key=lambda each: (each.active and each.verified, each.active, each.verified))
        self._state("hook.active", hook.active, "ACTIVE", "Workflow > Event Hooks > Actions > Activate.")
        self._state("hook.verified", hook.verified, "VERIFIED", "`bridge hook verify`")
        wrong = [
            f"{word}: {', '.join(sorted(types)[:_MAX_TYPES])}{' and more' * (len(types) > _MAX_TYPES)}"
            for word, types in (("missing", HOOK_TYPES - hook.types), ("superfluous", hook.types - HOOK_TYPES))
            if types
        ]
        if wrong:
            do = "`bridge hook register` puts that right. Superfluous ones are dropped, and use up Okta's daily limit."
            sheet.fail("hook.types", "; ".join(wrong), do)
        else:
            sheet.ok("hook.types", f"all {len(HOOK_TYPES)}")

    def _state(self, check: str, well: bool, name: str, do: str) -> None:
        if well:
            self._sheet.ok(check, name)
        else:
            self._sheet.fail(check, f"not {name}: Okta delivers nothing", do)


def _reason(sounded: Sounded) -> str:
    return getattr(sounded.error, "reason", "")


def _status(sounded: Sounded) -> int | None:
    return None if sounded.error is None else getattr(sounded.error, "status", None)


def _why(sounded: Sounded) -> str:
    """Reason and detail of a failure: codes alone."""
    error = sounded.error
    if error is None:
        return ""
    return str(error) if isinstance(error, SettingsError) else f"{error.reason} {error.detail}".strip()


def _lacks_scope(sounded: Sounded) -> bool:
    detail = getattr(sounded.error, "detail", "")
    return detail == "invalid_scope" or "insufficient_scope" in detail


def _is_token(sounded: Sounded) -> bool:
    """Whether the credential itself is refused."""
    if sounded.error is None or _lacks_scope(sounded):
        return False
    if isinstance(sounded.error, SettingsError) or _status(sounded) == 401:  # noqa: PLR2004 - unauthorized
        return True
    is_refusal = type(sounded.error).__name__ == "AuthFailure"
    return is_refusal and _reason(sounded).startswith(("okta-token", "okta-signing-key"))


def _is_unanswered(sounded: Sounded) -> bool:
    return sounded.error is not None and _status(sounded) not in {400, 401, 403, 404}


def _is_gone(sounded: Sounded) -> bool:
    """Whether Okta says that there is no such application."""
    return _reason(sounded) == "okta-app-404"
