"""Holds: removals that wait for a person. Only the group's own look changes a hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bridge.provisioning.look import Work
from bridge.provisioning.ports import Clock, Holds
from bridge.provisioning.records import Hold, HoldState

#: States in which a hold blocks removals of its group.
BLOCKING = frozenset({HoldState.OPENING, HoldState.OPEN})


def blocking_hold(store: Holds, entity: str) -> Hold | None:
    """The entity's hold that blocks removals now, if there is one."""
    hold = store.hold(entity)
    return hold if hold is not None and hold.state in BLOCKING else None


def stage_removals(
    store: Holds, clock: Clock, work: Work, user_ids: Iterable[str], *, reason: str, explanation: str
) -> Hold | None:
    """Make the group's hold stage exactly these Okta users.

    Opens a hold, lets users join one, takes out those who are back, and resolves one that has become empty.
    The header is written as ``opening`` before the users and as ``open`` after them, so that a crash between
    leaves a hold that blocks.

    Returns:
        The hold as it stands now; None when there is none and nothing to stage.
    """
    wanted = frozenset(user_ids)
    hold = blocking_hold(store, work.entity)
    now = clock.now()
    if hold is None:
        if not wanted:
            return None
        previous = store.hold(work.entity)
        hold = Hold(
            entity=work.entity,
            number=previous.number + 1 if previous else 1,
            state=HoldState.OPENING,
            revision=0,
            reason=reason,
            staged=0,
            events=work.events,
            opened=now,
            changed=now,
            explanation=explanation,
        )
    staged = store.staged(work.entity, hold.number)
    joining, leaving = wanted - staged.keys(), staged.keys() - wanted
    if not joining and not leaving and hold.state is HoldState.OPEN:
        return hold
    revision = hold.revision + 1
    store.save_hold(replace(hold, state=HoldState.OPENING, revision=revision, changed=now))
    if joining:
        store.stage(work.entity, hold.number, revision, joining)
    if leaving:
        store.unstage(work.entity, hold.number, leaving)
    ended = replace(
        hold,
        state=HoldState.OPEN if wanted else HoldState.RESOLVED,
        revision=revision,
        staged=len(wanted),
        changed=now,
        explanation=explanation or hold.explanation,
    )
    store.save_hold(ended)
    return ended


def close_unlinked(store: Holds, clock: Clock, entity: str) -> None:
    """The group is no longer linked: its members stay and its hold has nothing to wait for."""
    hold = blocking_hold(store, entity)
    if hold is not None:
        store.save_hold(replace(hold, state=HoldState.UNLINKED, changed=clock.now()))
