"""``bridge group``: links and ceilings that an operator sets."""

from __future__ import annotations

import argparse

from bridge.operations.answers import Explained, GroupChanged, GroupLine, GroupsListed
from bridge.operations.asked import MAX_NAMES
from bridge.operations.match_answers import PushedGroup, PushedGroups
from bridge.operations.match_requests import GroupImport
from bridge.operations.reasons import text_of
from bridge.operations.requests import Explain, GroupCeiling, GroupLink, GroupList
from bridge_cli.commands import Command, group_argument, page_arguments, whole
from bridge_cli.context import Context, pages
from bridge_cli.ends import End, Stopped
from bridge_cli.entities import show_steps
from bridge_cli.tables import count

#: What becomes of a pushed group, in words.
_IMPORTED = {
    "to-do": "to do",
    "done": "is linked",
    "cannot": "cannot",
    "kept-out": "kept out by a person",
    "inactive": "not pushed now",
}


def listed(context: Context) -> End:
    """``group list``."""
    reply = pages(context, GroupList(), GroupsListed, "groups", largest=MAX_NAMES)
    context.terminal.document(reply.document)
    rows = [
        (
            each.entity.removeprefix("group:"),
            each.okta_name or "(gone)",
            _count(each.okta_members, more=each.okta_more),
            each.genesys_name or "-",
            _count(each.genesys_members),
            f"{each.held} held" if each.held else "",
            _ceiling(each),
            f"{each.state} {each.linked_by}".strip() if not each.why else f"not linked: {each.why}",
        )
        for each in reply.answer.groups
    ]
    context.terminal.table(("group", "okta", "members", "genesys cloud", "members", "hold", "ceiling", "link"), rows)
    context.terminal.say(f"{count(len(rows), 'group')}{'; there are more: --all' if reply.answer.next else ''}")
    return End.DONE


def _count(members: int | None, *, more: bool = False) -> str:
    return "" if members is None else f"{members}{'+' if more else ''}"


def _ceiling(line: GroupLine) -> str:
    percent = f" and {line.ceiling_percent} %" if line.ceiling_percent else ""
    return f"{line.ceiling}{percent}{', its own' if line.own_ceiling else ''}"


def import_(context: Context) -> End:
    """``group import``."""
    terminal = context.terminal
    groups: list[PushedGroup] = []
    after: str | None = ""
    while after is not None:
        page = context.ask(GroupImport(after=after), PushedGroups).answer
        if not page.known:
            raise Stopped(
                End.FAILED,
                "What native group push keeps is unknown, and not none: Okta refuses to list it.",
                "Okta shows it only while provisioning is on, to a role that sees the application. Look at Push Groups "
                "in Okta, and use `bridge group link` for each.",
                reason="unknown",
            )
        groups += page.groups
        after = page.next
        terminal.progress(f"{len(groups)} read")
    terminal.progressed()
    rows = [
        (
            _IMPORTED[each.state],
            each.entity,
            each.okta_name or "(gone)",
            each.target,
            each.genesys_id or "-",
            _why(each),
        )
        for each in groups
    ]
    if rows:
        terminal.table(("state", "group", "okta", "pushed to", "genesys cloud", "why"), rows)
    wanted = [each for each in groups if each.state == "to-do"]
    if wanted:
        terminal.say()
        terminal.confirm(
            f"Link {count(len(wanted), 'group')} marked `to do` with your approval? Members follow Okta; the first "
            "removals of each are held."
        )
    for number, each in enumerate(wanted):
        context.standing = f"{number} of {len(wanted)} are linked, perhaps one more. Importing again is harmless."
        context.ask(GroupLink(do="group.link", entity=each.entity), GroupChanged)
        terminal.progress(f"{number + 1} of {len(wanted)}")
    terminal.progressed()
    context.standing = "It is done."
    terminal.document({"ok": True, "linked": len(wanted), "groups": [each.model_dump() for each in groups]})
    terminal.say(f"{count(len(groups), 'pushed group')}; {len(wanted)} linked now. Syncs of them follow.")
    return End.FAILED if any(each.state == "cannot" for each in groups) else End.DONE


def _why(group: PushedGroup) -> str:
    if group.state == "cannot":
        return f"{group.why}: {text_of(group.why).means}"
    return f"linked by {group.why}" if group.why else ""


def link(context: Context) -> End:
    """``group link``."""
    return _change(
        context,
        GroupLink(do="group.link", entity=context.arguments.entity),
        "Link this group with your approval? Its members in Genesys Cloud follow Okta; the first removals are held.",
    )


def unlink(context: Context) -> End:
    """``group unlink``."""
    return _change(
        context,
        GroupLink(do="group.unlink", entity=context.arguments.entity),
        "Keep this group out with your approval? No rule links it any more; its members stay and its hold closes.",
    )


def ceiling(context: Context) -> End:
    """``group ceiling``."""
    arguments = context.arguments
    if arguments.reset == (arguments.count is not None or arguments.percent is not None):
        raise argparse.ArgumentTypeError("expected --count or --percent or both, or else --reset")
    wanted = " and ".join(_ceilings(arguments.count, arguments.percent))
    return _change(
        context,
        GroupCeiling(entity=arguments.entity, count=arguments.count, percent=arguments.percent),
        f"Let {wanted} pass within the window from now on?",
    )


def _change(context: Context, request: GroupLink | GroupCeiling, question: str) -> End:
    terminal = context.terminal
    now = context.ask(Explain(entity=request.entity), Explained).answer
    terminal.say(f"{request.entity}  in Genesys Cloud: {now.genesys_id or 'not linked'}")
    show_steps(terminal, now.steps)
    terminal.say()
    terminal.confirm(question)
    reply = context.change(request, GroupChanged)
    terminal.document(reply.document)
    answer = reply.answer
    terminal.say(answer.entity)
    terminal.facts(
        ("linked by", answer.linked_by or "nothing"),
        ("ceilings", " and ".join(_ceilings(answer.ceiling, answer.ceiling_percent))),
    )
    terminal.say(f"A sync follows: {context.command(f'explain {answer.entity}')}")
    return End.DONE


def _ceilings(number: int | None, percent: int | None) -> tuple[str, str]:
    return (
        "the setting's number of removals" if number is None else count(number, "removal"),
        "the setting's percentage" if percent is None else f"{percent} % of the members",
    )


def _ceiling_arguments(parser: argparse.ArgumentParser) -> None:
    group_argument(parser)
    parser.add_argument("--count", metavar="N", type=whole(1, 1000), help="removals within the window, 1 to 1000")
    parser.add_argument(
        "--percent", metavar="N", type=whole(0, 100), help="the same as a part of the group, 0 to 100; 0 turns it off"
    )
    parser.add_argument("--reset", action="store_true", help="follow the stack's settings again, in both")


COMMANDS = (
    Command(
        "group list",
        "",
        "the groups that the bridge knows, with their names on both sides",
        "One line each: both names and numbers of members, its hold, the ceiling that counts (its own or the "
        "setting's), and which rule links it or why it is not linked. Names are read live and need the policy "
        "NamesPolicyArn. What SCIM does not show stays unseen: a Genesys Cloud group that is filled by rules looks "
        "like any other.",
        "bridge group list",
        listed,
        lambda parser: page_arguments(parser, MAX_NAMES),
    ),
    Command(
        "group link",
        "GROUP",
        "link an Okta group with your approval",
        "For a group that neither an assignment to the application nor LinkedGroups links. It finds its Genesys Cloud "
        "group by the equal name. Shows how the group stands, and asks.",
        "bridge group link 00g1a2b3c4d5e6f7g8h9",
        link,
        group_argument,
        changes=True,
    ),
    Command(
        "group import",
        "",
        "link the groups that Okta's native group push keeps",
        "Before native provisioning is switched off. Shows each pushed group, what it is pushed to and whether it can "
        "be linked by the equal name, asks, and links those as `bridge group link` does. What a person keeps out stays "
        "out. Where Okta refuses to list the mappings they are unknown, and not none. Names are read live and need the "
        "policy NamesPolicyArn. Ends with 1 when a group cannot be linked.",
        "bridge group import",
        import_,
        changes=True,
    ),
    Command(
        "group unlink",
        "GROUP",
        "unlink a group with your approval",
        "Its members in Genesys Cloud stay as they are, its hold closes, and no rule links it until `bridge group "
        "link`. Shows how the group stands, and asks.",
        "bridge group unlink 00g1a2b3c4d5e6f7g8h9",
        unlink,
        group_argument,
        changes=True,
    ),
    Command(
        "group ceiling",
        "GROUP {--count N | --percent N | --reset}",
        "a removal ceiling of the group's own",
        "In the place of GroupRemovalCeiling and GroupRemovalCeilingPercent, such as for shift groups that turn over "
        "every day. What is not named follows the setting. Shows how the group stands, and asks.",
        "bridge group ceiling 00g1a2b3c4d5e6f7g8h9 --percent 100",
        ceiling,
        _ceiling_arguments,
        changes=True,
    ),
)
