"""``bridge map``: the attribute map in SSM Parameter Store, tried before it is put there."""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from bridge.errors import SettingsError
from bridge.operations.answers import Compared
from bridge.operations.bridge_answers import MapDifference, SettingsShown
from bridge.operations.requests import MapDiff, MapTry, Settings
from bridge_cli.bridge import explained
from bridge_cli.commands import Command, okta_id, positive
from bridge_cli.context import Context
from bridge_cli.ends import End, Stopped
from bridge_cli.tables import count

#: Most characters of a standard and of an advanced parameter (AWS Systems Manager, Parameter Store).
_STANDARD, _ADVANCED = 4096, 8192
#: So many percent of the people may a new map rewrite without their number being named.
_UNNAMED = 10
_ENTRY = re.compile(r"attributes\.(\d+)")


def show(context: Context) -> End:
    """The map in force."""
    name = _parameter(context, optional=True)
    text = _default() if not name else _get(context, name)
    try:
        _refuse_wrong(text)
    except Stopped as wrong:
        raise Stopped(
            wrong.end,
            f"{name} is wrong, so the last good map is in force: {wrong.message}",
            "`bridge map revert` puts the version before in its place.",
        ) from None
    context.terminal.document({"ok": True, "parameter": name, "map": json.loads(text)})
    context.terminal.say(f"From {name or 'the bridge itself'}:", *text.splitlines())
    return End.DONE


def check(context: Context) -> End:
    """Whether a file is a map."""
    text = _read(context.arguments.file)
    _refuse_wrong(text)
    context.terminal.document({"ok": True, "characters": len(text)})
    context.terminal.say(f"The map is right: {len(text)} characters.")
    return End.DONE


def attempt(context: Context) -> End:
    """What a map would make of one user."""
    _parameter(context, optional=True)
    text = _read(context.arguments.file)
    _refuse_wrong(text)
    reply = context.ask(MapTry(text=text, entity=f"user:{context.arguments.user}"), Compared)
    answer = reply.answer
    if answer.state == "not-in-okta":
        raise Stopped(
            End.FAILED,
            f"Okta shows no user {context.arguments.user}.",
            "Check the id: users begin with 00u. Nobody whom a credential cannot see is shown either.",
            reason="not-found",
        )
    context.terminal.document(reply.document)
    if answer.state:
        context.terminal.say(f"The user is {answer.state}.")
    if not answer.attributes:
        context.terminal.say("There is nothing in Genesys Cloud to compare with.")
        return End.DONE
    rows = [
        ("same" if each.same else "CHANGES", each.path, _text(each.wanted), _text(each.held))
        for each in answer.attributes
    ]
    context.terminal.table(("", "attribute", "by this map", "in Genesys Cloud"), rows)
    return End.DONE


def diff(context: Context) -> End:
    """How many a map would rewrite."""
    _parameter(context, optional=True)
    text = _read(context.arguments.file)
    _refuse_wrong(text)
    _show_difference(context, _difference(context, text))
    return End.DONE


def apply(context: Context) -> End:
    """Put a map into the parameter."""
    _parameter(context)
    return _apply(context, _read(context.arguments.file))


def revert(context: Context) -> End:
    """Put an earlier version into the parameter again."""
    name = _parameter(context)
    versions = _history(context, name)
    wanted = context.arguments.version or (versions[-2]["Version"] if len(versions) > 1 else 0)
    found = [each for each in versions if each["Version"] == wanted]
    if not found:
        raise Stopped(End.USAGE, "There is no such version.", "`bridge map history` lists them.")
    return _apply(context, str(found[0]["Value"]))


def history(context: Context) -> End:
    """The versions that SSM keeps."""
    versions = _history(context, _parameter(context))
    listed = [
        {"version": each["Version"], "at": _moment(each["LastModifiedDate"]), "by": each.get("LastModifiedUser", "")}
        for each in reversed(versions)
    ]
    context.terminal.document({"ok": True, "versions": listed})
    context.terminal.table(("version", "since", "by"), [(each["version"], each["at"], each["by"]) for each in listed])
    return End.DONE


def _apply(context: Context, text: str) -> End:
    version, found = put(context, text)
    context.terminal.document({"ok": True, "version": version, **_plain(found)})
    return End.DONE


def put(context: Context, text: str) -> tuple[int, MapDifference]:
    """Put a map into the parameter, once it is shown whom it rewrites; SSM's version, and whom.

    Raises:
        Stopped: it is wrong, or rewrites more people than `--rewrite` names, or nobody says yes.
    """
    _refuse_wrong(text)
    name = _parameter(context)
    _refuse_long(context, name, text)
    found = _difference(context, text)
    _show_difference(context, found)
    named = context.arguments.rewrite
    if found.rewritten * 100 > found.people * _UNNAMED and named != found.rewritten:
        raise Stopped(
            End.FAILED,
            f"Nothing was changed: it would rewrite more than {_UNNAMED} % of the people.",
            f"If that is meant, add --rewrite {found.rewritten}.",
        )
    context.terminal.confirm(f"Put this map into {name}?")
    with explained():
        answer = _ssm(context).put_parameter(Name=name, Value=text, Type="String", Overwrite=True)
    context.terminal.say(
        f"Version {answer['Version']}. The functions take it within five minutes; "
        f"`{context.command('reconcile')}` rewrites who differs."
    )
    return int(answer["Version"]), found


def _difference(context: Context, text: str) -> MapDifference:
    """Of all assigned users."""
    people = rewritten = unmappable = 0
    attributes: Counter[str] = Counter()
    following: str | None = ""
    while following is not None:
        page = context.ask(MapDiff(text=text, following=following), MapDifference).answer
        people, rewritten = people + page.people, rewritten + page.rewritten
        unmappable += page.unmappable
        attributes.update(page.attributes)
        following = page.next
        context.terminal.progress(f"{people} people read")
    context.terminal.progressed()
    return MapDifference(
        people=people, rewritten=rewritten, attributes=dict(attributes), unmappable=unmappable, next=None
    )


def _show_difference(context: Context, found: MapDifference) -> None:
    if context.arguments.command.words == "map diff":
        context.terminal.document({"ok": True, **_plain(found)})
    context.terminal.say(f"Of {found.people} people it would rewrite {found.rewritten}.")
    context.terminal.table(("attribute", "people"), sorted(found.attributes.items()))
    if found.unmappable:
        context.terminal.say(f"{count(found.unmappable, 'person', 'people')} could not be mapped any more.")


def _plain(found: MapDifference) -> dict[str, Any]:
    return {
        "people": found.people,
        "rewritten": found.rewritten,
        "attributes": dict(found.attributes),
        "unmappable": found.unmappable,
    }


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise Stopped(
            End.USAGE,
            "FILE: expected a readable UTF-8 file.",
            "Start from what is under `map` in `bridge map show --json`.",
        ) from None


def _refuse_wrong(text: str) -> None:
    """A map that is wrong is refused with the line and the reason."""
    from bridge.mapping.attribute_map import AttributeMap  # slow to import: phone numbers
    from bridge.settings import UserNameSource

    try:
        document = json.loads(text)
    except RecursionError:
        raise Stopped(
            End.FAILED, "line 1: no map: it is nested too deeply", "docs/attribute-map.md explains it."
        ) from None
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise Stopped(End.FAILED, f"line {line}: no JSON: {getattr(error, 'msg', error)}") from None
    names = document.get("userName") if isinstance(document, dict) else None
    known = [source for source in UserNameSource if isinstance(names, dict) and source.value in names]
    try:
        for source in known or [UserNameSource.EMAIL]:
            AttributeMap.parse(text, user_name=source, default_region="US")
    except SettingsError as wrong:
        said = str(wrong).removeprefix("attribute map: ").replace("Value error, ", "")
        raise Stopped(End.FAILED, f"line {line_of(text, said)}: {said}", "docs/attribute-map.md explains it.") from None


def line_of(text: str, said: str) -> int:
    """The line of a map that a refusal speaks of, from 1: of the entry by its number, else of what it names last."""
    if numbered := _ENTRY.match(said):
        place = text.find("[", text.find('"attributes"'))
        decoder = json.JSONDecoder()
        for _ in range(int(numbered[1]) + 1):
            place = text.index("{", place)
            start = place
            _, place = decoder.raw_decode(text, place)
        return text.count("\n", 0, start) + 1
    named = json.dumps(said.partition(" is mapped")[0].partition(": ")[0])
    return text.count("\n", 0, max(text.rfind(named), 0)) + 1


def _refuse_long(context: Context, name: str, text: str) -> None:
    versions = _history(context, name)
    advanced = bool(versions) and versions[-1].get("Tier") == "Advanced"
    most = _ADVANCED if advanced else _STANDARD
    if len(text.encode()) > most:
        more = "" if advanced else f" Make {name} an advanced parameter, which holds {_ADVANCED}."
        raise Stopped(End.FAILED, f"The map has {len(text.encode())} bytes, {name} holds {most}.", f"Shorten it.{more}")


def _parameter(context: Context, *, optional: bool = False) -> str:
    name = context.ask(Settings(), SettingsShown).answer.map
    if not name and not optional:
        raise Stopped(
            End.FAILED,
            "The stack uses the map that comes with the bridge.",
            "Deploy with AttributeMapParameter=/bridge/map.",
        )
    return name


def _default() -> str:
    import bridge.mapping

    return Path(bridge.mapping.__file__).with_name("default_map.json").read_text("utf-8")


def _get(context: Context, name: str) -> str:
    if name.startswith("file:"):
        return _read(name.removeprefix("file:"))
    with explained():
        return str(_ssm(context).get_parameter(Name=name)["Parameter"]["Value"])


def _history(context: Context, name: str) -> list[Mapping[str, Any]]:
    """The versions of a parameter, the oldest first; none where there is no parameter yet."""
    found: list[Mapping[str, Any]] = []
    more: dict[str, str] = {}
    with explained():
        while True:
            try:
                page = _ssm(context).get_parameter_history(Name=name, **more)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != "ParameterNotFound":
                    raise
                return []
            found += page["Parameters"]
            if not page.get("NextToken"):
                return sorted(found, key=lambda each: int(each["Version"]))
            more = {"NextToken": page["NextToken"]}


def _ssm(context: Context) -> Any:
    service = context.bridge.place.service
    if service is None:
        raise Stopped(End.UNREACHABLE, "SSM is not reachable here.")
    return service("ssm")


def _moment(when: object) -> str:
    return when.isoformat() if isinstance(when, datetime) else str(when)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a map, as docs/attribute-map.md describes it")


def _try_arguments(parser: argparse.ArgumentParser) -> None:
    _file(parser)
    parser.add_argument(
        "--user", metavar="USER", type=okta_id, required=True, help="the Okta id, e-mail address or login"
    )


def rewrite_argument(parser: argparse.ArgumentParser) -> None:
    """``--rewrite``."""
    parser.add_argument(
        "--rewrite", metavar="N", type=positive, help=f"that it rewrites N people, which is more than {_UNNAMED} %%"
    )


def _apply_arguments(parser: argparse.ArgumentParser) -> None:
    _file(parser)
    rewrite_argument(parser)


def _revert_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--version", metavar="N", type=positive, help="this version (usually the one before the newest)"
    )
    rewrite_argument(parser)


COMMANDS = (
    Command(
        "map show", "", "the attribute map in force", "The whole map, and where it comes from.", "bridge map show", show
    ),
    Command(
        "map check",
        "FILE",
        "whether a file is an attribute map",
        "Names the line and what is wrong. Asks no bridge.",
        "bridge map check map.json",
        check,
        _file,
    ),
    Command(
        "map try",
        "FILE --user USER",
        "what a map would make of one user",
        "Each attribute by this map and as Genesys Cloud has it now. Nothing is changed.",
        "bridge map try map.json --user 00u1a2b3c4d5e6f7g8h9",
        attempt,
        _try_arguments,
    ),
    Command(
        "map diff",
        "FILE",
        "how many people a map would rewrite, and which attributes",
        "Compares it with the map in force for everybody who is assigned. Nothing is changed.",
        "bridge map diff map.json",
        diff,
        _file,
    ),
    Command(
        "map apply",
        "FILE [--rewrite N]",
        "put a map into force",
        "Shows what it would rewrite, and asks. Where that is over 10 % of the people, their number must be named. "
        "The functions take it within five minutes; a wrong one leaves the last good one in force.",
        "bridge map apply map.json",
        apply,
        _apply_arguments,
        changes=True,
    ),
    Command(
        "map history",
        "",
        "the versions of the map",
        "As SSM keeps them, the newest first.",
        "bridge map history",
        history,
    ),
    Command(
        "map revert",
        "[--version N]",
        "put an earlier version of the map into force",
        "As `map apply`, with the text of a version.",
        "bridge map revert",
        revert,
        _revert_arguments,
        changes=True,
    ),
)
