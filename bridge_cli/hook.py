"""``bridge hook``: Okta's event hook and its secret, from the machine of an administrator."""

from __future__ import annotations

import argparse
import secrets
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from bridge.errors import SettingsError, Transient
from bridge.items import format_time, parse_time
from bridge.operations.bridge_answers import SettingsShown
from bridge.operations.requests import Settings
from bridge_cli.bridge import explained
from bridge_cli.checks import examine
from bridge_cli.commands import Command
from bridge_cli.context import Context
from bridge_cli.ends import End, Stopped
from bridge_cli.okta_hooks import OktaHooks, is_verified, lacks_types
from bridge_cli.places import HOOK_OUTPUT
from bridge_cli.vault import HOOK, PREVIOUS, ROTATED, Vault

_CHALLENGE = "x-okta-verification-challenge"
#: How long the receiver may take to learn a new secret; how long an old one stays, and is unused before it goes.
_LEARNS, _STAYS, _UNUSED = 90.0, timedelta(hours=1), timedelta(minutes=30)
_MANAGES = "Okta credential that manages event hooks: an API token, or an access token with okta.eventHooks.manage"


def new_secret() -> str:
    """A hook's secret: 256 bits."""
    return secrets.token_urlsafe(32)


def connect(context: Context) -> OktaHooks:
    """Okta's hooks with a credential that is asked for now; the local stack's own token does there."""
    settings, place = context.ask(Settings(), SettingsShown).answer, context.bridge.place
    credential = "" if place.stack else Vault(place).read().get("okta_token", "")
    credential = credential or context.terminal.secret(_MANAGES)
    http = context.http(settings.okta_org_url, "okta")
    return OktaHooks(http, credential, hook_url(context), secret_header(context))


def hook_url(context: Context) -> str:
    """Where the hook delivers to."""
    return context.bridge.place.outputs.get(HOOK_OUTPUT, "")


def secret_header(context: Context) -> str:
    """The header of the hook's secret."""
    return context.bridge.place.parameters.get("HookSecretHeader") or "Authorization"


def ensure_secret(vault: Vault) -> tuple[str, bool]:
    """The hook's secret, made where there is none yet, and whether it was."""
    kept = vault.read().get(HOOK, "")
    if kept:
        return kept, False
    made = new_secret()
    vault.write({HOOK: made})
    return made, True


def ensure_hook(context: Context, hooks: OktaHooks, secret: str) -> None:
    """One hook of ours, ACTIVE, with the bridge's types, VERIFIED: only what is missing is done."""
    say = context.terminal.say
    hook = hooks.find()
    if hook is None:
        hook = hooks.create(secret)
        say(f"made the hook {hook['id']}")
    elif lacks_types(hook):
        hook = hooks.replace(hook, secret)
        say(f"put the bridge's event types into the hook {hook['id']}")
    if hook.get("status") != "ACTIVE":
        hooks.activate(hook)
        say("activated it")
    if is_verified(hook):
        say("it is verified")
        return
    if not _answers(context, secret):
        raise Stopped(End.FAILED, "The receiver does not take the secret.", "`bridge check` says what is wrong.")
    if not hooks.verify(hook):
        # Perhaps it was made by hand, with another secret.
        hooks.replace(hook, secret)
        if not hooks.verify(hook):
            raise Stopped(End.FAILED, "Okta could not verify the hook.", "Can Okta reach the output HookUrl?")
    say("Okta has verified it: events may take a few minutes to flow")


def register(context: Context) -> End:
    """Make the hook, or mend it."""
    vault = Vault(context.bridge.place)
    context.terminal.confirm(f"Make or mend the event hook that delivers to {hook_url(context)}?")
    hooks = connect(context)
    secret, made = ensure_secret(vault)
    if made:
        context.terminal.say("made the hook's secret")
    ensure_hook(context, hooks, secret)
    context.terminal.document({"ok": True, "verified": True})
    return End.DONE


def verify(context: Context) -> End:
    """Have Okta verify the hook."""
    hooks = connect(context)
    hook = _found(hooks)
    if not hooks.verify(hook):
        raise Stopped(
            End.FAILED, "Okta could not verify the hook.", "`bridge hook register` gives it the right secret."
        )
    context.terminal.document({"ok": True, "verified": True})
    context.terminal.say("Verified.")
    return End.DONE


def rotate(context: Context) -> End:
    """Give the hook a new secret; what was interrupted goes on, without another one."""
    vault = Vault(context.bridge.place)
    kept = vault.read()
    if not kept.get(HOOK):
        raise Stopped(End.FAILED, "There is no secret yet.", "`bridge hook register` makes it.")
    if kept.get(PREVIOUS) and kept.get(ROTATED):
        raise Stopped(End.FAILED, "The last rotation is not at its end.", "`bridge hook retire-secret` ends it.")
    context.terminal.confirm("Give the hook a new secret? The receiver takes both until `bridge hook retire-secret`.")
    hooks = connect(context)
    hook = _found(hooks)
    new, old = (kept[HOOK], kept[PREVIOUS]) if kept.get(PREVIOUS) else (new_secret(), kept[HOOK])
    vault.write({HOOK: new, PREVIOUS: old, ROTATED: ""})
    context.standing = "The receiver takes both secrets. `bridge hook rotate-secret` goes on."
    context.terminal.say("the receiver may take both secrets now")
    if not _answers(context, new):
        raise Stopped(End.NOT_YET, "The receiver does not take the new secret yet.", context.standing)
    if not _swapped(hooks, hook, new):
        _put_back(hooks, hook, old)
        vault.write({HOOK: old, PREVIOUS: ""})
        raise Stopped(End.FAILED, "Okta did not verify the new secret; the old one is back, verified.", "Try again.")
    vault.write({ROTATED: format_time(context.now())})
    context.terminal.document({"ok": True, "verified": True})
    context.terminal.say("Rotated and verified. In an hour: `bridge hook retire-secret`.")
    return End.DONE


def _swapped(hooks: OktaHooks, hook: dict[str, object], new: str) -> bool:
    """Whether the hook has the new secret and is verified: what no answer says, the hook itself does.

    Raises:
        Stopped: Okta does not answer, and the hook is as it was.
    """
    try:
        hooks.replace(hook, new)
    except Stopped:
        if _is_verified_now(hooks):  # a changed secret would have ended that
            raise
    try:
        return hooks.verify(hook)
    except Stopped:
        return _is_verified_now(hooks)


def _is_verified_now(hooks: OktaHooks) -> bool:
    try:
        return is_verified(_found(hooks))
    except Stopped:
        return False


def _put_back(hooks: OktaHooks, hook: dict[str, object], old: str) -> None:
    """The old secret in the hook again, verified; Stopped where that cannot be said."""
    failed = ""
    try:
        hooks.replace(hook, old)
        if hooks.verify(hook):
            return
    except Stopped as stopped:
        failed = f" {stopped.message}"
    raise Stopped(
        End.FAILED,
        f"Okta has verified neither secret: it delivers nothing.{failed}",
        "`bridge hook rotate-secret` again, now: it goes on. The receiver takes both secrets.",
    )


def retire(context: Context) -> End:
    """Forget the old secret, when nothing comes under it any more."""
    vault = Vault(context.bridge.place)
    kept = vault.read()
    if not kept.get(PREVIOUS):
        context.terminal.document({"ok": True, "retired": False})
        context.terminal.say("There is no old secret.")
        return End.DONE
    if not kept.get(ROTATED):
        raise Stopped(End.FAILED, "The rotation is not at its end.", "`bridge hook rotate-secret` goes on.")
    age = context.now() - parse_time(kept[ROTATED])
    if age < _STAYS:
        minutes = (_STAYS - age).total_seconds() / 60
        raise Stopped(End.NOT_YET, "The new secret is younger than an hour.", f"Try again in {minutes:.0f} minutes.")
    under = _under_old(context, context.now())
    if under:
        raise Stopped(
            End.NOT_YET, f"{under} deliveries came under the old secret within 30 minutes.", "Try again later."
        )
    context.terminal.confirm("Forget the old secret?")
    vault.write({PREVIOUS: "", ROTATED: ""})
    context.terminal.document({"ok": True, "retired": True})
    context.terminal.say("The receiver takes the new secret alone, in five minutes at the latest.")
    return End.DONE


def status(context: Context) -> End:
    """How the hook and its secret are, by the bridge's own eyes."""
    checks = [each for each in examine(context).checks() if each.id.startswith("hook.")]
    kept = Vault(context.bridge.place).read()
    state = "none" if not kept.get(HOOK) else "one" if not kept.get(PREVIOUS) else "two, the old one not yet retired"
    context.terminal.document({"ok": True, "secrets": state, "checks": [each.model_dump() for each in checks]})
    context.terminal.table(("state", "check", "because"), [(each.state, each.id, each.because) for each in checks])
    context.terminal.facts(("secrets", state), ("rotated", kept.get(ROTATED, "")))
    return End.FAILED if any(each.state in {"fail", "skipped"} for each in checks) else End.DONE


def secret(context: Context) -> End:
    """Show the hook's secret to a person, for those who make the hook by hand."""
    vault = Vault(context.bridge.place)
    if not context.arguments.show or not context.terminal.shows_secrets:
        raise Stopped(End.USAGE, "A secret is shown on a terminal alone.", "bridge hook secret --show, without --json.")
    kept, _ = ensure_secret(vault)
    context.terminal.say(kept)
    return End.DONE


def _found(hooks: OktaHooks) -> dict[str, object]:
    hook = hooks.find()
    if hook is None:
        raise Stopped(End.FAILED, "No event hook delivers to this bridge.", "`bridge hook register` makes it.")
    return dict(hook)


def _answers(context: Context, secret: str) -> bool:
    """Whether the receiver takes a secret: asked until it has learnt it, or for a minute and a half."""
    parts = urlsplit(hook_url(context))
    http = context.http(f"{parts.scheme}://{parts.netloc}", "receiver")

    def ready() -> bool | None:
        headers = {secret_header(context): secret, _CHALLENGE: "rotation"}
        try:
            answer = http.request("GET", parts.path, headers=headers)
        except (Transient, SettingsError):
            return None
        if answer.status == 403:  # noqa: PLR2004 - a web ACL: Okta will find out
            return True
        return True if answer.status == 200 else None  # noqa: PLR2004 - it takes the secret

    if ready():
        return True
    return bool(context.wait(_LEARNS, ready, lambda passed: f"waiting for the receiver, {passed} s"))


def _under_old(context: Context, now: datetime) -> int:
    """Deliveries under the old secret within the last half hour."""
    place = context.bridge.place
    if place.service is None or not place.stack:
        return 0
    metric = {
        "Namespace": f"OktaGenesysBridge/{place.stack}",
        "MetricName": "DeliveriesUnderOldSecret",
    }
    query = {"Id": "old", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    with explained():
        found = place.service("cloudwatch").get_metric_data(
            MetricDataQueries=[query], StartTime=now - _UNUSED, EndTime=now
        )
    return int(sum(found["MetricDataResults"][0]["Values"]))


def _show_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--show", action="store_true", help="show it on this terminal")


_TYPED = (
    "Asks for an Okta credential, hidden, or takes it as the first line of standard input; it stays in memory and is "
    "forgotten. The bridge's own functions never get the right to change a hook. "
)
COMMANDS = (
    Command(
        "hook register",
        "",
        "make Okta's event hook, or mend it, and verify it",
        f"{_TYPED}Makes the hook's secret where there is none, and one hook with exactly the bridge's event types; a "
        "hook that delivers to the bridge already is mended.",
        "bridge hook register",
        register,
        changes=True,
    ),
    Command(
        "hook verify",
        "",
        "have Okta verify the event hook",
        f"{_TYPED}Okta sends a challenge to the receiver. Needed after each change of URL, header or secret.",
        "bridge hook verify",
        verify,
    ),
    Command(
        "hook rotate-secret",
        "",
        "give the event hook a new secret, without a gap",
        f"{_TYPED}The receiver takes both secrets; the hook gets the new one and is verified, or gets the old one. "
        "What was interrupted goes on with the next call, without another secret.",
        "bridge hook rotate-secret",
        rotate,
        changes=True,
    ),
    Command(
        "hook retire-secret",
        "",
        "forget the secret before the present one",
        "An hour after the rotation at the earliest, and after 30 minutes without a delivery under the old secret.",
        "bridge hook retire-secret",
        retire,
        changes=True,
    ),
    Command(
        "hook status",
        "",
        "how the event hook and its secret are",
        "As `bridge check` sees the hook, and whether an old secret waits to be retired.",
        "bridge hook status",
        status,
    ),
    Command(
        "hook secret",
        "--show",
        "show the hook's secret on this terminal",
        "For an administrator who makes the hook by hand. It is shown on a terminal alone: no file or program gets it.",
        "bridge hook secret --show",
        secret,
        _show_argument,
    ),
)
