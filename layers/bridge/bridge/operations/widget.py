"""The dashboard's widget: the open holds, with the command that decides each. Ids and counts, every text escaped.

CloudWatch asks a function with ``{"describe": true}`` for its documentation, and with ``widgetContext`` for the HTML
(CloudWatch User Guide, "Add a custom widget to a CloudWatch dashboard"). The viewer's own credentials invoke it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from bridge.items import format_time
from bridge.operations.hold_answers import Hold

DESCRIPTION = """## Open holds
Removals that wait for a person, the oldest first: ids, counts and the command to run.
"""


def is_widget(event: Any) -> bool:
    """Whether CloudWatch's dashboard asks."""
    return isinstance(event, dict) and "do" not in event and (event.get("describe") is True or "widgetContext" in event)


def page(holds: Sequence[Hold], stack: str) -> str:
    """The holds as HTML."""
    if not holds:
        return "<p>No removal waits for a person.</p>"
    rows = "".join(_row(hold, stack) for hold in holds)
    heads = "".join(f"<th>{head}</th>" for head in ("Since (UTC)", "Entity", "Users", "Why", "State", "See it"))
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _row(hold: Hold, stack: str) -> str:
    state: str = hold.state
    if hold.decision is not None:
        state = f"{state}, decided: {hold.decision.verdict}"
    command = f"bridge holds show {hold.entity} --stack {stack}"
    why = f"{hold.reason} {hold.explanation}".strip()
    cells = (format_time(hold.opened)[:16], hold.entity, str(hold.staged), why, state)
    return (
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + f"<td><code>{escape(command)}</code></td></tr>"
    )


def failure(message: str) -> str:
    """What is shown when the holds cannot be read."""
    return f"<p>The holds cannot be read: {escape(message)}</p>"
