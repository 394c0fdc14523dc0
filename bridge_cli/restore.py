"""``bridge restore``: the records come back from a table that point-in-time recovery made."""

from __future__ import annotations

import argparse
from typing import Any

from bridge.errors import BridgeError, Transient
from bridge.operations.bridge_answers import Status
from bridge.operations.requests import Status as AskStatus
from bridge_cli.bridge import explained
from bridge_cli.commands import Command
from bridge_cli.context import Context
from bridge_cli.ends import End, Stopped

#: The tables' logical names in the template.
_STATE, _IDEMPOTENCY = "StateTable", "IdempotencyTable"


def restore(context: Context) -> End:
    """``restore``."""
    from bridge_cli.restoring import Restore, Tables  # it needs the store's libraries, which --help does not

    terminal, source = context.terminal, context.arguments.source
    status = context.ask(AskStatus(), Status).answer
    if status.paused_everything is not True:
        raise Stopped(
            End.FAILED, "The queues are read.", f"First: {context.command('pause everything')}. Then restore again."
        )
    service = context.bridge.place.service
    if service is None:
        raise Stopped(End.UNREACHABLE, "No way to DynamoDB from here.")
    try:
        with explained():
            state, idempotency = (_physical(context, service, name) for name in (_STATE, _IDEMPOTENCY))
            if source == state:
                raise Stopped(End.USAGE, f"{source} is the state table itself.", "Name the table that was recovered.")
            tables = Tables(service("dynamodb"), source, state, idempotency, context.sleep)
            wanted = Restore(tables, context.now())
            if wanted.is_of_another():
                raise Stopped(
                    End.USAGE,
                    f"{source} is of another Genesys Cloud organization than {state}.",
                    "Name the table that was recovered from this stack's own.",
                )
            counts = {
                "users": sum(link.is_link for link in wanted.users.values()),
                "groups": sum(bool(link.genesys_id) for link in wanted.groups.values()),
                "removals": len(wanted.removals),
                "exceptions": sum(map(len, wanted.exceptions.values())),
            }
            _show(context, tables.source, state, idempotency, counts)
            terminal.confirm(f"Restore {state} from {source}?")
            context.standing = "Some of it is written, and removals are held. Restoring again is harmless."
            wanted.write()
    except Transient as error:
        if error.reason != "store-resource-not-found":
            raise Stopped(End.UNREACHABLE, f"DynamoDB: {error}", context.standing) from None
        raise Stopped(
            End.USAGE,
            f"There is no table {source} in this region and account.",
            "`aws dynamodb list-tables` names them; one that is being recovered is there once it is ACTIVE.",
        ) from None
    except BridgeError as error:
        raise Stopped(End.UNREACHABLE, f"DynamoDB: {error}", context.standing) from None
    context.standing = "It is done."
    terminal.document({"ok": True, "from": source, "to": state, "restored": counts})
    terminal.say(
        "Restored. Removals are held; who is deactivated in Okta loses access at once all the same.",
        f"Go on: {context.command('resume everything')}. A comparison of everything begins by itself.",
        f"How it stands: {context.command('status')}",
    )
    return End.DONE


def _physical(context: Context, service: Any, name: str) -> str:
    stack = context.bridge.place.stack
    if not stack:
        return name
    detail = service("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=name)
    return str(detail["StackResourceDetail"]["PhysicalResourceId"])


def _show(context: Context, source: str, state: str, idempotency: str, counts: dict[str, int]) -> None:
    says = ", ".join(f"{number} {what}" for what, number in counts.items())
    context.terminal.say(
        f"1. Every removal is held, and nothing counts as compared: in {state}.",
        f"2. From {source} come back: {says}. Links that are newer are removed, and found again by matching.",
        f"3. Open holds of {state} are closed and approvals withdrawn: everybody is judged anew.",
        f"4. {idempotency} is emptied.",
        "5. Until a comparison of everything has ended and a ceiling's window has passed, nobody is removed from a "
        "group or deactivated for a missing assignment. DEPROVISIONED ends access at once all the while.",
        "",
    )


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from",
        dest="source",
        metavar="TABLE",
        required=True,
        help="the table that point-in-time recovery made of the state table",
    )


COMMANDS = (
    Command(
        "restore",
        "--from TABLE",
        "take the records back from a recovered table",
        "For an administrator, with rights on both tables: the bridge's functions have none on others. The queues must "
        "be paused (`bridge pause everything`). Shows the steps and asks. Links, counted removals, exceptions and "
        "ceilings come back; holds, approvals and what was due do not. Removals are held until a comparison of "
        "everything has ended and one CeilingWindowHours has passed since; DEPROVISIONED ends access at once.",
        "bridge restore --from state-recovered",
        restore,
        _arguments,
        changes=True,
    ),
)
