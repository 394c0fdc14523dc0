"""Whether a preview says what the next sync does."""

from __future__ import annotations

import re
from collections import Counter

from bridge.provisioning.records import JournalEntry

#: What observe mode says of a user, and what a sync then does.
OF_USERS = {
    "would-create": "created",
    "would-adopt": "adopted",
    "would-update": "updated",
    "would-deactivate": "deactivated",
    "would-deactivate-by-ceiling": "deactivated",
}
_PLANNED_WRITE = re.compile(r"would (POST|PATCH) (users|groups)")
_EFFECTIVE_WRITE = re.compile(r"(POST|PATCH) (users|groups)(?:/\S+)? 2\d\d$")


def differences(preview: JournalEntry, sync: JournalEntry) -> list[str]:
    """What the preview of an entity says otherwise than the next operator's sync of it did; empty when they are equal.

    Compared are outcome, reason, people added, removed and held, the hold's change, names of attributes, and the
    writes that took effect; not what was read, what was refused, passwords and times. The sync must have met no fault.
    """
    outcome, why = _foretold(preview)
    pairs = {
        "outcome": (outcome, sync.outcome),
        "why": (why, sync.why),
        "added": (preview.added, sync.added),
        "removed": (preview.removed, sync.removed),
        "held": (preview.held, sync.held),
        "hold": (preview.read.get("hold", ""), sync.read.get("hold", "")),
        "may go": (preview.read.get("may-go", ""), sync.read.get("may-go", "")),
        "changed": (sorted(preview.changed), sorted(sync.changed)),
        "writes": (_writes(preview, _PLANNED_WRITE), _writes(sync, _EFFECTIVE_WRITE)),
    }
    return [f"{name}: {said!r}, and was {was!r}" for name, (said, was) in pairs.items() if said != was]


def _foretold(preview: JournalEntry) -> tuple[str, str]:
    """The outcome and the reason that observe mode's words stand for."""
    if preview.outcome != "observed":
        return preview.outcome, preview.why
    if preview.why in OF_USERS:
        activates = preview.why == "would-update" and "active" in preview.changed
        because = preview.read.get("access", "").removeprefix("ends: ")
        return ("activated" if activates else OF_USERS[preview.why]), because
    if preview.entity.startswith("user:") or preview.held:
        return "held", preview.why
    if preview.entity == "app":
        return "refreshed", preview.reason
    return ("members-changed" if preview.added or preview.removed else "unchanged"), preview.why


def _writes(entry: JournalEntry, pattern: re.Pattern[str]) -> Counter[str]:
    return Counter(" ".join(found.groups()) for call in entry.calls if (found := pattern.match(call)))
