"""``bridge check``: whether the bridge is set up well, as both sides, AWS and this machine show it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from bridge import __version__
from bridge.errors import SettingsError, Transient
from bridge.operations.bridge_answers import Checked
from bridge.operations.checklist import CHECKS, Sheet
from bridge.operations.requests import Check
from bridge_cli.commands import Command
from bridge_cli.context import Context
from bridge_cli.ends import End, Stopped
from bridge_cli.places import HOOK_OUTPUT, TOPIC_OUTPUT
from bridge_cli.tables import count

#: AWS takes no signature whose time is further from its own.
_MAX_SKEW = timedelta(minutes=5)
#: With fewer executions the consumers of one budget leave nothing to the receiver. A new account has 10.
_LEAST_CONCURRENCY = 50
_CHALLENGE = "x-okta-verification-challenge"
_HERE = ("bridge.clock", "hook.receiver", "aws.topic", "aws.concurrency")


def check(context: Context) -> End:
    """Ask the function, then check from here; what it all came to."""
    sheet = examine(context)
    checks = sheet.checks()
    context.terminal.document({"ok": True, "checks": [each.model_dump() for each in checks]})
    context.terminal.table(("state", "check", "because"), [(each.state, each.id, each.because) for each in checks])
    for each in checks:
        if each.do:
            context.terminal.say(f"{each.id}: {context.copyable(each.do)}")
    states = [each.state for each in checks]
    failed, skipped = states.count("fail"), states.count("skipped")
    context.terminal.say(f"{count(failed, 'fault')}, {skipped} skipped, {states.count('unknown')} unknown.")
    return End.FAILED if failed else End.USAGE if skipped else End.DONE


def examine(context: Context) -> Sheet:
    """Every check, written down.

    Raises:
        Stopped: with the code of "could not ask", when the bridge gives no answer.
    """
    try:
        sheet = _ask(context)
    except Stopped as stopped:
        raise Stopped(End.USAGE, stopped.message, stopped.advice, reason=stopped.reason) from None
    _probe(context, sheet)
    _topic(context, sheet)
    _concurrency(context, sheet)
    return sheet


def _ask(context: Context) -> Sheet:
    hook_url = context.bridge.place.outputs.get(HOOK_OUTPUT, "")
    try:
        answer = context.ask(Check(hook_url=hook_url), Checked).answer
    except Stopped as stopped:
        check = _blamed(stopped)
        if not check:
            raise
        sheet = Sheet()
        sheet.fail(check, stopped.message, "Check the stack's parameters, and deploy this version.")
        sheet.skip((each for each in CHECKS if each not in _HERE or each == "bridge.clock"), check)
        return sheet
    sheet = Sheet(answer.checks)
    if answer.version == __version__:
        sheet.ok("bridge.version", __version__)
    else:
        do = f"Check out {answer.version} for this command, or deploy {__version__}."
        sheet.fail("bridge.version", f"this command is {__version__}, the bridge {answer.version}", do)
    skew = abs(answer.at - context.now())
    if skew > _MAX_SKEW:
        do = "Set this machine's clock: AWS refuses what is signed at another time."
        sheet.fail("bridge.clock", f"{skew.total_seconds():.0f} s apart", do)
    else:
        sheet.ok("bridge.clock", f"{skew.total_seconds():.0f} s apart")
    return sheet


def _blamed(stopped: Stopped) -> str:
    """The check that a refused question is about, empty for none."""
    if stopped.reason == "not-set-up":
        return (
            "bridge.map"
            if "ATTRIBUTE_MAP" in stopped.message or "attribute map" in stopped.message
            else "bridge.settings"
        )
    return "bridge.version" if stopped.reason == "invalid-request" and stopped.message.startswith("do:") else ""


def _probe(context: Context, sheet: Sheet) -> None:
    """The receiver, asked as Okta verifies it, without the secret: it must answer, and must not let us in."""
    broken = sheet.first_broken(("secret.value", "secret.hook"))
    if broken:
        sheet.skip(("hook.receiver",), broken)
        return
    parts = urlsplit(context.bridge.place.outputs.get(HOOK_OUTPUT, ""))
    try:
        http = context.http(f"{parts.scheme}://{parts.netloc}", "receiver")
        status = http.request("GET", parts.path, headers={_CHALLENGE: "check"}).status
    except (Transient, SettingsError) as error:
        sheet.fail("hook.receiver", f"no answer: {error}", "Check the output HookUrl, and the way to it from here.")
        return
    if status == 401:  # noqa: PLR2004 - unauthorized
        sheet.ok("hook.receiver", "it answers, and refuses anyone without the secret")
    elif status == 403:  # noqa: PLR2004 - forbidden
        sheet.unknown(
            "hook.receiver", "cannot be probed from here: a web ACL or AllowedAddresses keeps this machine out"
        )
    elif status == 200:  # noqa: PLR2004 - it let the probe in
        sheet.fail("hook.receiver", "it lets anyone in", "Something answers in its place: check the output HookUrl.")
    else:
        sheet.fail("hook.receiver", f"it answers {status}", "Its log says why; `bridge setup` fills the secret.")


def _topic(context: Context, sheet: Sheet) -> None:
    place = context.bridge.place
    topic = place.outputs.get(TOPIC_OUTPUT, "")
    if not topic or place.service is None:
        sheet.unknown("aws.topic", "this stack has no topic that mails anybody")
        return
    try:
        found = place.service("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    except (ClientError, BotoCoreError) as error:
        sheet.unknown("aws.topic", f"AWS does not tell: {_code(error)}", "It needs sns:GetTopicAttributes.")
        return
    confirmed, pending = int(found.get("SubscriptionsConfirmed", 0)), int(found.get("SubscriptionsPending", 0))
    if confirmed:
        sheet.ok("aws.topic", count(confirmed, "confirmed subscription"))
    elif pending:
        sheet.fail("aws.topic", f"{pending} not confirmed", "Follow the link in the mail from AWS.")
    else:
        sheet.fail("aws.topic", "nobody is told of alarms", "Set AlarmEmail, or subscribe anyone who is on call.")


def _concurrency(context: Context, sheet: Sheet) -> None:
    try:
        limits: dict[str, Any] = context.bridge.place.client.get_account_settings()["AccountLimit"]
    except (ClientError, BotoCoreError) as error:
        sheet.unknown("aws.concurrency", f"AWS does not tell: {_code(error)}", "It needs lambda:GetAccountSettings.")
        return
    free = int(limits.get("UnreservedConcurrentExecutions", limits.get("ConcurrentExecutions", 0)))
    if free < _LEAST_CONCURRENCY:
        do = "Ask Service Quotas for 1,000 concurrent executions: with so few, the hook is refused while syncs run."
        sheet.fail("aws.concurrency", f"{free} concurrent executions for all functions", do)
    else:
        sheet.ok("aws.concurrency", f"{free} concurrent executions")


def _code(error: ClientError | BotoCoreError) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__


COMMANDS = (
    Command(
        "check",
        "",
        "whether everything is set up well, and what to do if not",
        "Okta, Genesys Cloud, the hook, the groups' names and AWS, each with the bridge's own credentials; nothing is "
        "changed. A fault is one fail; what depends on it is skipped, and names it. Ends with 0 "
        "when nothing failed, 1 with a fault, 2 when it could not ask. docs/checks.md explains each check.",
        "bridge check",
        check,
    ),
)
