"""Records as the parts of answers."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from bridge.items import format_time
from bridge.operations import answers, hold_answers
from bridge.operations.reasons import text_of
from bridge.operations.trial import Trial
from bridge.provisioning.hold_records import Decision, Hold
from bridge.provisioning.records import JournalEntry, ParkedItem


def decision(record: Decision) -> hold_answers.Decision:
    """A person's decision on a hold."""
    return hold_answers.Decision(
        verdict=record.verdict.value,
        number=record.number,
        revision=record.revision,
        by=record.by,
        why=record.why,
        at=record.at,
    )


def decided(record: Decision) -> str:
    """The same in a sentence."""
    verb = {"approve": "approved", "reject": "rejected"}[record.verdict.value]
    return f"{record.by} has {verb} revision {record.revision} at {format_time(record.at)}"


def hold(record: Hold, word: Decision | None, reminded: datetime | None) -> hold_answers.Hold:
    """A hold's header."""
    return hold_answers.Hold(
        entity=record.entity,
        number=record.number,
        state=record.state.value,
        revision=record.revision,
        reason=record.reason,
        explanation=record.explanation,
        staged=record.staged,
        events=list(record.events),
        opened=record.opened,
        changed=record.changed,
        reminded=reminded,
        decided=record.decided or None,
        by=record.by,
        why=record.why,
        decision=None if word is None else decision(word),
    )


def change(record: Hold) -> hold_answers.HoldChange:
    """One change of a hold, as its history keeps it."""
    return hold_answers.HoldChange(
        at=record.changed,
        number=record.number,
        revision=record.revision,
        state=record.state.value,
        staged=record.staged,
        by=record.by,
        why=record.why,
    )


def parked(record: ParkedItem) -> answers.ParkedItem:
    """An item that waits for a person."""
    values, text = asdict(record), text_of(record.reason)
    return answers.ParkedItem(item=values.pop("item_id"), means=text.means, first=text.first, acts=text.acts, **values)


def entry(record: JournalEntry) -> answers.Entry:
    """A journal entry."""
    return answers.Entry(**_known(answers.Entry, record))


def difference(record: JournalEntry) -> answers.Difference:
    """What observe mode would have changed."""
    return answers.Difference(**_known(answers.Difference, record))


def planned(trial: Trial) -> answers.Planned:
    """What a sync would do now, or what stops it."""
    text = trial.text
    says = text.words if trial.code else ""
    if trial.entry is None:
        says = f"{says} ({trial.detail})" if trial.detail else says
        return answers.Planned(outcome=trial.outcome, why=trial.code, says=says)
    return answers.Planned(**_known(answers.Planned, trial.entry), says=says, enqueues=list(trial.enqueues))


def _known(part: type[answers.Part], record: JournalEntry) -> dict[str, Any]:
    values = {field.name: getattr(record, field.name) for field in fields(record) if field.name in part.model_fields}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
