"""Why an entity is as it is, in five steps: reach, read, in scope, match, act.

What has not reached the bridge can be read all the same; of the other steps the first that fails ends the explanation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from bridge.errors import BridgeError, Permanent, SettingsError, Transient
from bridge.items import format_time
from bridge.operations import answers, showing
from bridge.operations.preview import Preview
from bridge.operations.requests import Explain
from bridge.operations.switches import Switches
from bridge.provisioning.holds import BLOCKING
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import GroupLink, GroupState, JournalEntry, UserLink
from bridge.settings import Mode

Name = Literal["reach", "read", "in-scope", "match", "act"]
_STEPS: tuple[Name, ...] = ("reach", "read", "in-scope", "match", "act")
#: Reason codes by the step that they end.
_READ = frozenset({"user-not-visible", "group-vanished", "no-such-user", "no-such-group"})
_SCOPE: Mapping[str, str] = {
    "not-assigned": "The user is not assigned to the Okta application.",
    "assignment-unclear": "The assignment's status says neither clearly yes nor no, so nothing is changed.",
    "app-not-active": "The Okta application is not active: what only a missing assignment justifies waits.",
    "not-in-scope": "No rule puts it in scope: it is not assigned, not named, and no operator linked it.",
    "unassigned": "No rule puts the group in scope any more: its members stay as they are.",
    "never-linked": "Access has ended in Okta, and there never was an account.",
    "staged": "The user is still staged in Okta.",
    "status-not-known": "The bridge does not know this status of Okta, so nothing is changed.",
    "suspended-ignored": "The user is suspended, and the settings say to leave that alone.",
}
_MATCH: Mapping[str, str] = {
    "no-match": "No Genesys Cloud group has the same name.",
    "ambiguous": "More than one Genesys Cloud group has the same name.",
    "ambiguous-match": "More than one Genesys Cloud user matches.",
    "taken": "The Genesys Cloud group of this name is linked to another Okta group.",
    "genesys-group-gone": "The linked Genesys Cloud group is gone.",
    "owned-by-another-user": "The Genesys Cloud user that matches belongs to another Okta user.",
    "user-name-conflict": "Another Genesys Cloud user holds the user name, and is not to be found yet.",
    "creation-unsettled": "A user is being created; Genesys Cloud does not show it yet.",
}


class _Ends(Exception):
    """A step fails, and the later ones are skipped."""


class Explanation:
    """Explains entities; nothing is written and nothing is sent."""

    def __init__(self, store: Store, preview: Preview, switches: Switches, mode: Mode) -> None:
        """The steps after the first come from a look that is only tried."""
        self._store = store
        self._preview = preview
        self._switches = switches
        self._mode = mode

    def explain(self, asked: Explain) -> answers.Explained:
        """Answers ``explain``."""
        entity = asked.entity
        journal = self._store.entries(entity, asked.limit)
        steps: list[answers.Step] = []
        try:
            self._walk(entity, journal, steps)
        except _Ends as end:
            steps.append(answers.Step(step=_STEPS[len(steps)], state="failed", says=str(end)))
        steps += [
            answers.Step(step=name, state="skipped", says="A step before it has failed.")
            for name in _STEPS[len(steps) :]
        ]
        link = self._link(entity)
        return answers.Explained(
            entity=entity,
            genesys_id=(link.genesys_id or None) if link is not None else None,
            steps=steps,
            parked=sum(item.entity == entity for item in self._store.parked_items()),
            journal=[showing.entry(entry) for entry in journal],
        )

    def _walk(self, entity: str, journal: list[JournalEntry], steps: list[answers.Step]) -> None:
        """Add each step that is well; after the first, one that is not raises."""

        def well(says: str) -> None:
            steps.append(answers.Step(step=_STEPS[len(steps)], state="ok", says=says))

        steps.append(self._reach(entity, journal))
        try:
            entry, brings = self._preview.look(entity)
            error: BridgeError | None = None
        except (Transient, Permanent, SettingsError) as failure:
            entry, brings, error = None, [], failure
        reason = entry.why if entry is not None else getattr(error, "reason", "not-set-up")
        later = reason in _SCOPE or reason in _MATCH or _upstream(error) == "genesys"
        if error is not None and not later:
            raise _Ends(f"It can not be read now: {_told(error)}.")
        if entry is not None and (reason in _READ or "404" in entry.read.values()):
            raise _Ends(f"Okta does not show it ({reason or 'not found'}).")
        well(_read(entry))
        if reason in _SCOPE and entry is not None and entry.outcome != "deactivated" and not self._acts(entry):
            raise _Ends(_SCOPE[reason])
        well(self._scope(entity, entry))
        if reason in _MATCH:
            raise _Ends(f"{_MATCH[reason]} {_detail(error)}".strip())
        if error is not None:
            raise _Ends(f"Genesys Cloud can not be read now: {_told(error)}.")
        well(self._match(entity))
        if entry is not None:
            well(self._act(entity, entry, brings))

    @staticmethod
    def _acts(entry: JournalEntry) -> bool:
        return bool(entry.changed or entry.added or entry.removed)

    def _reach(self, entity: str, journal: list[JournalEntry]) -> answers.Step:
        stopped = [lane for lane, read in self._switches.reading().items() if not read]
        if stopped:
            says = f"The lanes {', '.join(stopped)} are not read: everything is paused."
            return answers.Step(step="reach", state="failed", says=says)
        if journal:
            last = journal[0]
            says = f"It was last looked at {format_time(last.at)} ({last.reason or 'no reason'}): {last.outcome}."
            return answers.Step(step="reach", state="ok", says=says)
        if self._link(entity) is not None:
            return answers.Step(
                step="reach", state="ok", says="It is known; no look of the last 90 days is journalled."
            )
        says = "Nothing about it has reached the bridge in 90 days: no event, no comparison, no operator."
        return answers.Step(step="reach", state="failed", says=says)

    def _scope(self, entity: str, entry: JournalEntry | None) -> str:
        if entity.startswith("group:"):
            link = self._store.group(entity.removeprefix("group:"))
            return f"It is linked by the rule: {link.linked_by}." if link and link.linked_by else "A rule links it."
        status = entry.read.get("status", "") if entry is not None else ""
        if status in {"DEPROVISIONED", "SUSPENDED"}:
            return f"Okta says {status}: access ends, whatever the assignment."
        return "The user is assigned to the Okta application." if entry is None else _assigned(entry)

    def _link(self, entity: str) -> UserLink | GroupLink | None:
        kind, _, okta_id = entity.partition(":")
        if kind == "group":
            return self._store.group(okta_id)
        link = self._store.user(okta_id)
        return link if link is not None and link.is_link else None

    def _match(self, entity: str) -> str:
        link = self._link(entity)
        if link is None or not link.genesys_id:
            return "It has no counterpart in Genesys Cloud yet."
        if isinstance(link, GroupLink):
            return f"It is linked to the Genesys Cloud group {link.genesys_id}." + (
                "" if link.state is GroupState.LINKED else f" ({link.why})"
            )
        return f"It is linked to the Genesys Cloud user {link.genesys_id} ({link.origin.value or link.state.value})."

    def _act(self, entity: str, entry: JournalEntry, brings: list[str]) -> str:
        """What a look would do now, and what stands before it."""
        parts = []
        if entry.changed:
            parts.append(f"a look would write {', '.join(entry.changed)}")
        numbers = ((entry.added, "add"), (entry.removed, "remove"), (entry.held, "hold"))
        parts += [f"a look would {verb} {number} members" for number, verb in numbers if number]
        if brings:
            parts.append(f"and bring {len(brings)} others")
        says = f"{'; '.join(parts) or 'Nothing differs'} ({entry.outcome}{f', {entry.why}' if entry.why else ''})."
        hold = self._store.hold(entity)
        if hold is not None and hold.state in BLOCKING:
            says += f" Hold {hold.number} is {hold.state.value}: {hold.staged} wait for a decision ({hold.reason})."
        if self._store.app().removals_paused:
            says += " Removals are paused."
        if self._mode is Mode.OBSERVE:
            says += " The bridge observes: nothing is written."
        return says[0].upper() + says[1:]


def _upstream(error: BridgeError | None) -> str:
    return str(getattr(error, "upstream", ""))


def _detail(error: BridgeError | None) -> str:
    return str(getattr(error, "detail", ""))


def _told(error: BridgeError) -> str:
    if isinstance(error, Transient | Permanent):
        return f"{error.reason} {error.detail}".strip()
    return str(error)


def _read(entry: JournalEntry | None) -> str:
    if entry is None:
        return "Okta shows it."
    if not entry.read:
        return "No reading was needed."
    return "Okta shows " + ", ".join(f"{name} {value}" for name, value in entry.read.items()) + "."


def _assigned(entry: JournalEntry) -> str:
    if entry.read.get("assigned") == "yes":
        return "The user is assigned to the Okta application."
    return "The user is not assigned to the Okta application any more: the account becomes inactive."
