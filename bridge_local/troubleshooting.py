"""docs/troubleshooting.md, written from the reason codes' words and the template's alarms.

``make troubleshooting`` says whether the page is what would be written, ``make troubleshooting WRITE=1`` writes it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence

from bridge.operations.reasons import STEPS, ReasonText, table
from bridge_local import ROOT
from bridge_local.template import Template

PAGE = ROOT / "docs/troubleshooting.md"
#: Who has something to do, as people are called in the guides.
WHO = {
    "nobody": "nobody",
    "okta": "Okta administrator",
    "genesys": "Genesys Cloud administrator",
    "operator": "operator",
    "approver": "approver",
}
#: Alarms that are for somebody else than the operator first.
OF_OTHERS = {
    "HoldsOpenAlarm": "approver",
    "ExceptionsKeptAlarm": "approver",
    "NotificationsFailedAlarm": "approver",
    "AppNotActiveAlarm": "okta",
    "NativeProvisioningAlarm": "okta",
    "HookCapWarningsAlarm": "okta",
    "UsersRecreatedAlarm": "genesys",
    "RolesMissingAlarm": "genesys",
    "LeaversRefusedAlarm": "genesys",
    "GroupNotLinkedAlarm": "genesys",
}
#: The halves of a composite alarm mean nothing alone.
_OF_NOBODY = frozenset({"HookExpectedAlarm", "HookQuietAlarm"})
#: What the steps of an explanation are about, in the order of the page; the empty one ends none.
_STEPS = {
    "reach": "Reach: has anything about it arrived, and are the queues read",
    "read": "Read: what Okta says",
    "in-scope": "In scope: is it the bridge's",
    "match": "Match: what it is in Genesys Cloud",
    "act": "Act: what a sync does, and what keeps it from that",
    "": "Outcomes, and why something is held",
}
_DESCRIPTION = re.compile(
    r"(?P<means>.+?)(?: First: (?P<first>.+?)\.)?(?: Runbook: \$\{RunbookUrl\}(?P<section>#\w+)?)?",
    re.DOTALL,
)
_HEAD = """\
# Troubleshooting

Written by `make troubleshooting WRITE=1` from the words that every command shows, and from the template's alarms.
`bridge explain` says which code stands for a user or a group, `bridge parked list` and `bridge holds list` which wait
for somebody; [runbook.md](runbook.md) goes on from an alarm's first command. A `*` in a code stands for a part that
differs, such as an HTTP status.
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD, "## Alarms", "", *_table(("alarm", "what it means", "for whom", "first"), _alarms()), ""]
    for step in (*STEPS, ""):
        rows = [_row(code, text) for code, text in sorted(table().items()) if text.step == step]
        parts += [f"## {_STEPS[step]}", "", *_table(("code", "what it means", "for whom", "first"), rows), ""]
    return "\n".join(parts)


def _alarms() -> Iterable[tuple[str, str, str, str]]:
    """Each alarm as its description says it.

    Raises:
        ValueError: an alarm has no description.
    """
    for name, resource in Template().document["Resources"].items():
        if resource["Type"] not in {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"}:
            continue
        said = resource["Properties"].get("AlarmDescription", "")
        found = _DESCRIPTION.fullmatch(str(said["Fn::Sub"] if isinstance(said, dict) else said))
        if found is None:
            raise ValueError(f"{name}: expected an AlarmDescription")
        who = "nobody" if name in _OF_NOBODY else OF_OTHERS.get(name, "operator")
        first = f"`{found['first']}`; [runbook](runbook.md{found['section'] or ''})" if found["first"] else "nothing"
        yield f"`{name}`", found["means"], WHO[who], first


def _row(code: str, text: ReasonText) -> tuple[str, str, str, str]:
    return f"`{code}`", text.means, WHO[text.acts], text.first


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [headings, ("---",) * len(headings), *rows]
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines]


def main(arguments: Sequence[str]) -> int:
    """With ``--write`` write the page; else 1 when it is another than would be written."""
    if "--write" in arguments:
        PAGE.write_text(page(), "utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text("utf-8") != page():
        print(f"{PAGE} is not what would be written: make troubleshooting WRITE=1", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
