"""``bridge setup``: a conversation from a deployed stack to one that observes. What is done is found."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.operations.bridge_answers import Check, ReconcileStarted, SettingsShown, Status
from bridge.operations.requests import ReconcileStart, Settings
from bridge.operations.requests import Status as AskStatus
from bridge_cli.bridge import explained
from bridge_cli.checks import examine
from bridge_cli.commands import Command
from bridge_cli.context import Context
from bridge_cli.ends import End, Stopped
from bridge_cli.hook import connect, ensure_hook, ensure_secret
from bridge_cli.jwk import public_jwk
from bridge_cli.vault import HOOK, Vault

_OKTA_ID, _UUID = re.compile(r"0oa[A-Za-z0-9]{8,60}"), re.compile(r"[0-9A-Za-z-]{8,64}")
#: What must be well before a person is asked for the hook's credential.
_SIDES = ("bridge.", "secret.", "okta.", "genesys.", "app.found")
_HOOK = ("hook.url", "hook.active", "hook.verified", "hook.types")
_CLIENT_ID, _TOKEN = "okta_client_id", "okta_token"
_GENESYS_ID, _GENESYS_SECRET = "genesys_client_id", "genesys_client_secret"
_CREDENTIAL = "Okta credential that manages event hooks"


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        id: its name, which is never given to another one.
        says: what it does.
        person: what is left to a person, empty for nothing.
        answers: what ``--answers`` has for it.
        secrets: what it reads from standard input, in this order.
        done: whether nothing is left to do.
        run: does it.
    """

    id: str
    says: str
    person: str
    answers: tuple[str, ...]
    secrets: tuple[str, ...]
    done: Callable[[], bool]
    run: Callable[[], None]


class Setup:
    """A conversation; each step finds out for itself whether it is done, so it may end after any of them."""

    def __init__(self, context: Context, answers: Mapping[str, str]) -> None:
        """`answers` are those of the file."""
        self._context = context
        self._answers = answers
        self._vault = Vault(context.bridge.place)
        self._kept = self._vault.read()
        self._settings = context.ask(Settings(), SettingsShown).answer
        self._seen: list[Check] | None = None

    def steps(self) -> list[Step]:
        """All of them, in their order."""
        oauth = self._settings.okta_auth == "oauth"
        okta = (
            Step(
                "okta-app",
                "the Okta service app, with the public half of the signing key",
                "make it in Okta, grant scopes and role, untick DPoP, type its client id",
                (_CLIENT_ID,),
                (),
                lambda: bool(self._settings.okta_client_id or self._kept.get(_CLIENT_ID)),
                self._okta_app,
            )
            if oauth
            else Step(
                "okta-api-token",
                "Okta's API token into the bridge's secret",
                "make it in Okta as a Read-Only Administrator, and type it",
                (),
                (_TOKEN,),
                lambda: bool(self._kept.get(_TOKEN)),
                lambda: self._keep({_TOKEN: self._context.terminal.secret("Okta API token")}),
            )
        )
        return [
            okta,
            Step(
                "genesys-client",
                "the Genesys Cloud OAuth client into the bridge's secret",
                "make it with the role SCIM Integration, type its id and secret",
                (_GENESYS_ID,),
                (_GENESYS_SECRET,),
                lambda: bool(self._kept.get(_GENESYS_ID) and self._kept.get(_GENESYS_SECRET)),
                self._genesys_client,
            ),
            Step("hook-secret", "the hook's secret", "", (), (), lambda: bool(self._kept.get(HOOK)), self._hook_secret),
            Step("sides", "a check of both sides", "", (), (), lambda: False, self._sides),
            Step(
                "hook",
                "Okta's event hook with the bridge's event types, verified",
                "type a credential for this one call",
                (),
                (_CREDENTIAL,),
                self._hook_works,
                self._hook,
            ),
            Step("check", "a check of everything", "", (), (), lambda: False, self._check),
            Step("reconcile", "the first comparison of everybody", "", (), (), self._compared, self._reconcile),
        ]

    # ------------------------------------------------------------------------------------------- steps

    def _okta_app(self) -> None:
        from bridge.okta.auth import DPOP_SWITCH, HOOK_SCOPES, LOG_SCOPES, SCOPES  # half of what --help would take

        terminal = self._context.terminal
        terminal.say(
            "In the Okta admin console:",
            "  Applications > Create App Integration > API Services; name it, save.",
            "  General > Client Credentials > Edit: Public key / Private key, Add key, paste this line, save:",
            json.dumps(self._jwk()),
            f'  General > General Settings > Edit: untick "{DPOP_SWITCH}".',
            f"  Okta API Scopes: grant {', '.join((*SCOPES, *LOG_SCOPES, *HOOK_SCOPES))}.",
            "  Admin roles > Edit assignments: Read-Only Administrator.",
        )
        self._keep({_CLIENT_ID: self._answer(_CLIENT_ID, "Client ID of the service app (0oa...)", _OKTA_ID)})

    def _jwk(self) -> dict[str, str]:
        place, key = self._context.bridge.place, self._settings.signing_key
        if place.service is None:
            raise Stopped(End.UNREACHABLE, "AWS KMS is not reachable here.")
        with explained():
            der = place.service("kms").get_public_key(KeyId=key)["PublicKey"]
        try:
            return public_jwk(der, key.rpartition("/")[2])
        except ValueError as error:
            raise Stopped(End.FAILED, f"The signing key: {error}", "Is it the stack's own?") from None

    def _genesys_client(self) -> None:
        terminal = self._context.terminal
        terminal.say(
            "In Genesys Cloud: Admin > Integrations > OAuth > Add client, grant type Client Credentials,",
            "  role SCIM Integration in all divisions with people or groups, and Home; save.",
        )
        client_id = self._answer(_GENESYS_ID, "Client ID", _UUID)
        self._keep({_GENESYS_ID: client_id, _GENESYS_SECRET: terminal.secret("Client Secret of Genesys Cloud")})

    def _hook_secret(self) -> None:
        ensure_secret(self._vault)
        self._kept = self._vault.read()

    def _sides(self) -> None:
        self._fail_at(each for each in self._checks() if each.id.startswith(_SIDES))

    def _hook_works(self) -> bool:
        if not self._kept.get(HOOK):
            return False
        return all(each.state == "ok" for each in self._checks() if each.id in _HOOK)

    def _hook(self) -> None:
        hooks = connect(self._context)
        ensure_hook(self._context, hooks, self._kept[HOOK])

    def _check(self) -> None:
        self._seen = None
        found = self._checks()
        self._fail_at(each for each in found if each.id.startswith((*_SIDES, *_HOOK)))
        for each in found:
            if each.state == "fail":
                self._say(each)

    def _compared(self) -> bool:
        status = self._context.ask(AskStatus(), Status).answer
        return status.bootstrapped or status.reconcile is not None

    def _reconcile(self) -> None:
        self._context.change(ReconcileStart(), ReconcileStarted)
        self._context.terminal.say(f"  Started: {self._context.command('reconcile --report')}")

    # ----------------------------------------------------------------------------------------- what for

    def _checks(self) -> list[Check]:
        if self._seen is None:
            self._seen = examine(self._context).checks()
        return self._seen

    def _fail_at(self, checks: Any) -> None:
        # A role that only does not see the hooks keeps nobody from making one: it is known by its own answer then.
        blind = any(each.id == "okta.role" and each.because == "403 for eventHooks" for each in self._checks())
        failed = [
            each
            for each in checks
            if each.state in {"fail", "skipped"} and not (blind and each.id in {"okta.role", *_HOOK})
        ]
        for each in failed:
            if each.state == "fail":
                self._say(each)
        if failed:
            raise Stopped(
                End.FAILED, "Something is not well yet.", "Mend it, and call `bridge setup` again: it goes on."
            )

    def _say(self, check: Check) -> None:
        context = self._context
        context.terminal.say(f"  {check.id}: {check.because}", f"    {context.copyable(check.do)}")

    def _keep(self, values: Mapping[str, str]) -> None:
        self._vault.write(values)
        self._kept = self._vault.read()
        self._seen = None

    def _answer(self, key: str, question: str, form: re.Pattern[str]) -> str:
        terminal = self._context.terminal
        value = self._answers.get(key, "") or (terminal.ask(question) if terminal.has_person else "")
        if not form.fullmatch(value):
            raise Stopped(End.USAGE, f"{key}: expected the {question}.", "Type it, or put it into the --answers file.")
        return value


def setup(context: Context) -> End:
    """Go through the steps; what is done is passed over."""
    conversation, terminal = Setup(context, _answers(context.arguments.answers)), context.terminal
    steps = conversation.steps()
    if context.arguments.plan:
        return _plan(context, steps)
    terminal.confirm(
        f"Set up the bridge, in {len(steps)} steps? It stays in its mode, and can be interrupted anywhere."
    )
    context.standing = "`bridge setup` goes on where it stopped."
    done = []
    for step in steps:
        if step.done():
            terminal.say(f"{step.id}: done already")
        else:
            terminal.say(f"{step.id}: {step.says}")
            step.run()
        done.append(step.id)
    terminal.document({"ok": True, "done": done})
    terminal.say(
        "Set up. Now: confirm the mail about alarms, watch it observe, and see what it would change:",
        *(f"  {context.command(words)}" for words in ("reconcile --report", "diff", "status")),
        "When that is right: native provisioning off (docs/setup-okta.md), then deploy with Mode=enforce.",
    )
    return End.DONE


def _plan(context: Context, steps: list[Step]) -> End:
    states = [(step, step.done()) for step in steps]
    lines = [secret for step, done in states if not done for secret in step.secrets]
    listed = [
        {"id": step.id, "done": done, "does": step.says, "person": step.person, "answers": list(step.answers)}
        for step, done in states
    ]
    context.terminal.document({"ok": True, "steps": listed, "standard_input": lines})
    rows = [("done" if done else "to do", step.id, step.says, step.person) for step, done in states]
    context.terminal.table(("state", "step", "does", "left to you"), rows)
    for number, line in enumerate(lines, 1):
        context.terminal.say(f"line {number} of standard input, for scripts: {line}")
    return End.DONE


def _answers(path: str | None) -> dict[str, str]:
    """The answers of a file: a JSON object with what `--plan` names, and no secret."""
    known = {_CLIENT_ID, _GENESYS_ID}
    if path is None:
        return {}
    try:
        document = json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise Stopped(
            End.USAGE, "--answers: expected a JSON object in a file.", f"Its keys: {', '.join(sorted(known))}."
        )
    unknown = sorted(str(key)[:40] for key in document.keys() - known)
    if unknown:
        do = "Secrets come as lines of standard input, in the order that `bridge setup --plan` prints."
        raise Stopped(End.USAGE, f"--answers: expected no {', '.join(unknown)}.", do)
    return {key: str(value) for key, value in document.items()}


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plan", action="store_true", help="show the steps and how they stand; change nothing")
    parser.add_argument("--answers", metavar="FILE", help="a JSON object with what the plan names; no secret is in it")


COMMANDS = (
    Command(
        "setup",
        "[--plan] [--answers FILE]",
        "from a deployed stack to one that observes, step by step",
        "Says where to click, asks what only a person knows, and does the rest: the public key ready to paste, the "
        "bridge's secret, the event hook, the checks, the first comparison. Each step finds out whether it is done, so "
        "it goes on after any interruption, and makes no second hook and no second version of the secret. Secrets are "
        "typed and not shown; a script passes them as lines of standard input, in the order that --plan prints.",
        "bridge setup",
        setup,
        _arguments,
        changes=True,
    ),
)
