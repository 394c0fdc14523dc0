"""``bridge export`` and ``bridge import``: what people decided, as a document of its own."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from bridge.operations.answers import GroupChanged
from bridge.operations.asked import PAGE
from bridge.operations.bridge_answers import Exported, ImportPreview, ImportStep
from bridge.operations.document import Decisions
from bridge.operations.requests import Export, GroupCeiling, GroupLink
from bridge.operations.requests import ImportPreview as AskPreview
from bridge_cli.commands import Command, ticket_argument
from bridge_cli.context import Context
from bridge_cli.ends import End, Stopped
from bridge_cli.maps import put, rewrite_argument
from bridge_cli.tables import count

_WORDS = {"group.link": "link", "group.unlink": "keep out", "group.ceiling": "ceiling", "keep": "exceptions"}
_STATES = {"to-do": "to do", "done": "is there", "cannot": "cannot"}


def export(context: Context) -> End:
    """``export``."""
    document = context.ask(Export(), Exported).document["decisions"]
    file: Path | None = context.arguments.file
    if file is None:
        context.terminal.document(document)
        if not context.terminal.as_json:
            context.terminal.say(*json.dumps(document, indent=2).splitlines())
        return End.DONE
    try:
        file.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise Stopped(End.FAILED, f"{file}: {error.strerror}", "Nothing was written.") from None
    context.terminal.document(document)
    context.terminal.say(f"{file}: {_counts(Decisions.model_validate(document))}.")
    return End.DONE


def import_(context: Context) -> End:
    """``import``."""
    terminal, file = context.terminal, context.arguments.file
    _ = context.bridge.place  # which bridge, before the file is read
    wanted = _read(file)
    reply = context.ask(AskPreview(decisions=wanted), ImportPreview)
    terminal.document(reply.document)
    steps = reply.answer.steps
    terminal.say(f"{file}: {_counts(wanted)}.")
    if steps:
        rows = [(_STATES[step.state], _WORDS[step.do], step.entity, _what(step)) for step in steps]
        terminal.table(("state", "what", "of", "how"), rows)
    _say_map(context, wanted, reply.answer)
    if context.arguments.map and wanted.map is not None and reply.answer.map.state == "differs":
        put(context, wanted.map.text)
    open_, cannot = ([step for step in steps if step.state == state] for state in ("to-do", "cannot"))
    end = End.FAILED if cannot else End.DONE
    if not open_:
        terminal.say("Nothing is to be changed.")
        return end
    if any(step.do == "keep" for step in open_) and context.arguments.why is None:
        raise Stopped(End.USAGE, "Exceptions are among it: an approver's decision.", "Add --why TICKET.")
    terminal.say()
    terminal.confirm(f"Carry out {count(len(open_), 'decision')} marked `to do`?")
    for number, step in enumerate(open_):
        context.standing = f"{number} of {len(open_)} are done, perhaps one more. Importing again is harmless."
        terminal.progress(f"{number} of {len(open_)}")
        _apply(context, step)
    terminal.progressed()
    context.standing = "It is done."
    terminal.say(f"Done: {len(open_)}. Cannot: {len(cannot)}. Syncs of the groups follow.")
    return end


def _read(file: Path) -> Decisions:
    try:
        return Decisions.model_validate(json.loads(file.read_text("utf-8")))
    except OSError as error:
        raise Stopped(End.USAGE, f"{file}: {error.strerror}", "Write one with `bridge export FILE`.") from None
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in problem["loc"]) or "the document"
        raise Stopped(End.USAGE, f"{file}: {where}: {problem['msg']}", "Expected what `bridge export` wrote.") from None
    except (ValueError, RecursionError):  # no UTF-8, or no JSON, or none that anybody wrote
        raise Stopped(End.USAGE, f"{file}: expected JSON in UTF-8", "Expected what `bridge export` wrote.") from None


def _apply(context: Context, step: ImportStep) -> None:
    if step.do == "group.ceiling":
        ceiling = GroupCeiling(entity=step.entity, count=step.ceiling, percent=step.ceiling_percent)
        context.ask(ceiling, GroupChanged)
    elif step.do == "keep":
        for start in range(0, len(step.users), PAGE):
            context.bridge.keep(step.entity, step.users[start : start + PAGE], context.arguments.why)
    else:
        do: Literal["group.link", "group.unlink"] = step.do
        context.ask(GroupLink(do=do, entity=step.entity), GroupChanged)


def _what(step: ImportStep) -> str:
    if step.why:
        return step.why
    if step.do == "keep":
        return f"{count(len(step.users), 'user')} more" if step.users else "the same users"
    if step.do == "group.ceiling":
        both = (("count", step.ceiling), ("percent", step.ceiling_percent))
        return ", ".join(f"{name} {value}" for name, value in both if value is not None)
    return ""


def _say_map(context: Context, wanted: Decisions, preview: ImportPreview) -> None:
    if preview.map.state == "same":
        context.terminal.say("The attribute map is the same.")
    elif preview.map.state == "differs" and wanted.map is not None and preview.map.parameter:
        again = context.command(f"import {context.arguments.file} --map")
        context.terminal.say(
            "The attribute map differs." + ("" if context.arguments.map else f" To put it back: {again}")
        )
    elif preview.map.state == "differs" and wanted.map is not None:
        name = wanted.map.parameter
        context.terminal.say(
            f"No SSM parameter has the attribute map here. To put back the one of {context.arguments.file}:",
            f"  jq -rj .map.text {context.arguments.file} > map.json",
            f"  aws ssm put-parameter --name {name} --type String --value file://map.json",
            f"  and deploy with AttributeMapParameter={name}",
        )


def _counts(decisions: Decisions) -> str:
    groups, users = len(decisions.groups), sum(len(each.users) for each in decisions.exceptions)
    mapped = "the attribute map" if decisions.map is not None else "no attribute map"
    return f"decisions about {count(groups, 'group')}, {count(users, 'exception')}, {mapped}"


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a document of `bridge export`")
    ticket_argument(parser, required=False)
    parser.add_argument("--map", action="store_true", help="put the attribute map back, too, where it differs")
    rewrite_argument(parser)


def _to_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, nargs="?", help="where to; standard output without it")


COMMANDS = (
    Command(
        "export",
        "[FILE]",
        "what people decided, as a JSON document",
        "Links that an operator made or forbade, groups' own ceilings, the exceptions of rejected holds, and the "
        "attribute map where an SSM parameter has it. Everything else can be read again from Okta and Genesys Cloud. "
        "Ids only, in a stable order: keep it under version control.",
        "bridge export decisions.json",
        export,
        _to_file,
    ),
    Command(
        "import",
        "FILE [--map] [--why TICKET]",
        "put back what people decided",
        "Shows what would change, what is there already, and what cannot be done and why; then it asks. Nothing that "
        "was decided later is taken back. Exceptions need an approver's right and --why, and are signed like a "
        "decision on a hold; the rest needs the operator's. The attribute map is put back with --map alone, as `bridge "
        "map apply` does it, with the rights of who sets up. Ends with 1 when something cannot be done.",
        "bridge import decisions.json --why OPS-1234",
        import_,
        _file,
        changes=True,
    ),
)
