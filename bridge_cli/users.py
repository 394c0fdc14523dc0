"""``bridge user``: what a person mends of one user: a wrong link, and roles that are missed for nothing."""

from __future__ import annotations

import argparse

from bridge.operations.answers import FoundEntities
from bridge.operations.match_answers import Held, RolesDiscarded, UserChanged
from bridge.operations.match_requests import NamesOf, RolesDiscard, UserChange
from bridge_cli.commands import Command, account_id, okta_id, ticket_argument
from bridge_cli.context import Context
from bridge_cli.ends import End, Stopped
from bridge_cli.entities import show_planned
from bridge_cli.tables import count


def link(context: Context) -> End:
    """``user link``."""
    arguments = context.arguments
    request = UserChange(do="user.link", entity=f"user:{arguments.user}", account=arguments.account)
    return _change(context, request, "Link them? Nobody is deactivated by it, and a sync follows.")


def unlink(context: Context) -> End:
    """``user unlink``."""
    request = UserChange(do="user.unlink", entity=f"user:{context.arguments.user}")
    return _change(context, request, "Let the account go? It stays as it is: active, with its roles and groups.")


def discard_roles(context: Context) -> End:
    """``user discard-roles``."""
    terminal = context.terminal
    request = RolesDiscard(entity=f"user:{context.arguments.user}", why=context.arguments.why)
    shown = context.ask(request, RolesDiscarded).answer
    terminal.say(shown.entity)
    terminal.facts(("roles missing", ", ".join(shown.roles)))
    terminal.say()
    terminal.confirm(f"Miss {count(len(shown.roles), 'role')} no longer? Nobody gets or loses one by it.")
    reply = context.change(request.model_copy(update={"apply": True}), RolesDiscarded)
    terminal.document(reply.document)
    terminal.say(f"Discarded: {', '.join(reply.answer.roles)}. {context.command(f'explain {shown.entity}')}")
    return End.DONE


def _change(context: Context, request: UserChange, question: str) -> End:
    terminal = context.terminal
    shown = context.ask(request, UserChanged).answer
    names = _names(context, shown)
    terminal.say(f"{shown.entity}  {names.get(shown.entity, '')}".rstrip())
    terminal.facts(
        ("linked now", _account(shown.before, names)),
        ("to be linked", _account(shown.after, names)),
        *((("would write" if number == 0 else ""), write) for number, write in enumerate(shown.writes)),
    )
    if shown.planned is not None:
        terminal.say("The next sync would then do this:")
        show_planned(terminal, shown.planned)
    if shown.before is not None and shown.after is not None and shown.before.has_name:
        terminal.say(
            "The account that is unlinked has the user's address: rename it in Genesys Cloud, or the sync waits."
        )
    terminal.say()
    terminal.confirm(question)
    reply = context.change(request.model_copy(update={"apply": True}), UserChanged)
    planned = None if shown.planned is None else shown.planned.model_dump(mode="json")
    terminal.document({**reply.document, "planned": planned})
    if reply.answer.item is not None:
        terminal.say(f"Linked. A sync follows: {context.command(f'explain {shown.entity}')}")
    else:
        terminal.say(
            f"Unlinked. The next sync looks for their account again: {context.command(f'sync {shown.entity}')}"
        )
    return End.DONE


def _account(held: Held | None, names: dict[str, str]) -> str:
    """An account in words."""
    if held is None:
        return "no account"
    if not held.found:
        return f"{held.account}  (Genesys Cloud does not show it)"
    says = ["active" if held.active else "inactive"]
    says += [f"bears the id of user:{held.bears}"] if held.bears else []
    says += [f"linked to {held.owner}"] if held.owner else []
    says += ["has the user's e-mail address"] if held.has_name else []
    return f"{held.account}  {names.get(f'account:{held.account}', '')} ({', '.join(says)})".replace("   ", "  ")


def _names(context: Context, shown: UserChanged) -> dict[str, str]:
    """What they are called, for the screen alone; none where this person may not see names."""
    if context.terminal.as_json:
        return {}
    accounts = [f"account:{held.account}" for held in (shown.before, shown.after) if held is not None and held.found]
    try:
        found = context.ask(NamesOf(entities=[shown.entity, *accounts]), FoundEntities).answer.found
    except Stopped:
        return {}
    return {each.entity: each.name for each in found}


def _user_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("user", metavar="USER", type=okta_id, help="the Okta id, e-mail address or login")


def _roles_arguments(parser: argparse.ArgumentParser) -> None:
    _user_argument(parser)
    ticket_argument(parser)


def _link_arguments(parser: argparse.ArgumentParser) -> None:
    _user_argument(parser)
    parser.add_argument(
        "account", metavar="ACCOUNT", type=account_id, help="the Genesys Cloud user's id or e-mail address"
    )


COMMANDS = (
    Command(
        "user link",
        "USER ACCOUNT",
        "link one user to an account",
        "Mends one wrong link. Shows both accounts, the records that would be written and what the next sync would do, "
        "and asks. Refused where the account is linked to somebody else, or bears the id of another user who is there "
        "in Okta. The account that was linked before stays active; the user's id is taken back from it, but not in "
        "observe mode, and where it has the user's e-mail address, rename it in Genesys Cloud. A sync follows.",
        "bridge user link 00u1a2b3c4d5e6f7g8h9 d1f3a5c7-0000-4000-8000-000000000001",
        link,
        _link_arguments,
        changes=True,
    ),
    Command(
        "user unlink",
        "USER",
        "unlink one user from their account",
        "Shows the account and what the next sync would do, and asks. Nothing is deactivated: the account stays as it "
        "is, and is nobody's; the user's id is taken back from it, but not in observe mode. The next sync of the user "
        "looks for their account again, by e-mail address too; `bridge user link` says which one it is instead.",
        "bridge user unlink 00u1a2b3c4d5e6f7g8h9",
        unlink,
        _user_argument,
        changes=True,
    ),
    Command(
        "user discard-roles",
        "USER --why TICKET",
        "miss the roles no longer that somebody lost while inactive",
        "For roles that nobody is going to give back. Shows which are missing since access is back, asks, and writes "
        "it into the journal with the reason; Genesys Cloud is not called. A role that is given and lost again later "
        "is missed again.",
        "bridge user discard-roles 00u1a2b3c4d5e6f7g8h9 --why OPS-1234",
        discard_roles,
        _roles_arguments,
        changes=True,
    ),
)
