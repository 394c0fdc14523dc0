"""Why an entity is as it is, in five steps: reach, read, in scope, match, act.

What has not reached the bridge can be read all the same; of the other steps the first that fails ends the explanation.
Which step a reason code ends, and its words, are in `bridge.operations.reasons`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from bridge.aws.telemetry import logger
from bridge.errors import Transient
from bridge.items import format_time
from bridge.operations import answers, showing
from bridge.operations.preview import Preview
from bridge.operations.reasons import STEPS, StepName, text_of
from bridge.operations.requests import Explain
from bridge.operations.switches import Switches
from bridge.operations.trial import Trial, attempt
from bridge.provisioning.exceptions import standing
from bridge.provisioning.organisation import ANOTHER, UPSTREAM
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import GroupLink, GroupState, JournalEntry, ParkedItem
from bridge.provisioning.user_records import UserLink
from bridge.settings import Mode

T = TypeVar("T")


#: Outcomes of journal entries that are no sync's, but say what a person did.
OF_PEOPLE = frozenset({"discarded", "reconsidered", "kept", "linked", "unlinked"})


class Explanation:
    """Explains entities; nothing is written and nothing is sent."""

    def __init__(self, store: Store, preview: Preview, switches: Switches, mode: Mode) -> None:
        """The steps after the first come from a sync that is only tried."""
        self._store = store
        self._preview = preview
        self._switches = switches
        self._mode = mode

    def explain(self, asked: Explain) -> answers.Explained:
        """Answers ``explain``: always five steps, whatever the records hold."""
        entity = asked.entity
        journal = _readable(lambda: self._store.entries(entity, asked.limit), list[JournalEntry]())
        parked = _readable(lambda: self._store.parked_items(entity), list[ParkedItem]())
        trial = attempt(self._preview, entity)
        link = self._link(entity)
        last = next((entry for entry in journal if entry.outcome not in OF_PEOPLE), None)
        return answers.Explained(
            entity=entity,
            genesys_id=(link.genesys_id or None) if link is not None else None,
            steps=[
                self._reach(last, link, outside=_end(trial)[0] == "in-scope"),
                *self._steps(entity, link, trial, parked, last),
            ],
            parked=[showing.parked(item) for item in parked],
            excepted=_readable(lambda: self._excepted(entity), list[str]()),
            lost_roles=list(link.lost_roles) if isinstance(link, UserLink) else [],
            journal=[showing.entry(entry) for entry in journal],
        )

    def _steps(
        self,
        entity: str,
        link: UserLink | GroupLink | None,
        trial: Trial,
        parked: list[ParkedItem],
        last: JournalEntry | None,
    ) -> list[answers.Step]:
        """The steps after the first; a trial writes nothing, so what only a write meets the `last` sync tells."""
        well: dict[StepName, Callable[[], str]] = {
            "read": lambda: _read(trial),
            "in-scope": lambda: self._scope(link, trial),
            "match": lambda: _match(link),
            "act": lambda: self._act(entity, trial),
        }
        ends, why = _end(trial)
        if ends not in {"read", "in-scope"} and self._store.breaker(UPSTREAM).open:
            other = text_of(ANOTHER)  # whatever is missing there is missing for everybody
            ends, why, trial = "match", f"{ANOTHER}: {other.words}", replace(trial, detail="")
        steps: list[answers.Step] = []
        for name in STEPS[1:]:
            if steps and steps[-1].state != "ok":
                says = "A step before it has failed."
                steps.append(answers.Step(step=name, state="skipped", says=says))
            elif name == ends:
                steps.append(answers.Step(step=name, state="failed", says=f"{why} {self._about(trial.detail)}".strip()))
            elif name == "act" and (waiting := [item for item in parked if item.open]):
                says = f"{_safely(well[name])} {self._parked(waiting)}"
                steps.append(answers.Step(step=name, state="failed", says=says))
            elif name == "act" and last is not None and _was_refused(last):
                says = f"{_safely(well[name])} The last sync has failed at that ({last.why}) and is tried again."
                steps.append(answers.Step(step=name, state="failed", says=says))
            else:
                steps.append(answers.Step(step=name, state="ok", says=_safely(well[name])))
        return steps

    def _reach(self, last: JournalEntry | None, link: UserLink | GroupLink | None, *, outside: bool) -> answers.Step:
        try:
            stopped = [queue for queue, read in self._switches.reading().items() if not read]
        except Transient:
            stopped = []  # whether the queues are read is not known; `status` says so
        if stopped:
            says = f"The queues {', '.join(stopped)} are not read: everything is paused."
            return answers.Step(step="reach", state="failed", says=says)
        if last is not None:
            says = f"Its last sync was {format_time(last.at)} ({last.reason or 'no reason'}): {last.outcome}"
            says += f", {last.why}: {text_of(last.why).means}" if last.why else "."
            return answers.Step(step="reach", state="ok", says=says)
        if link is not None:
            return answers.Step(
                step="reach", state="ok", says="It is known; no sync of the last 90 days is in the journal."
            )
        if outside:
            says = "It is out of scope, so its events are only counted: none of them leaves an entry in the journal."
            return answers.Step(step="reach", state="ok", says=says)
        says = "Nothing about it has reached the bridge in 90 days: no event, no reconcile, no operator."
        return answers.Step(step="reach", state="failed", says=says)

    def _scope(self, link: UserLink | GroupLink | None, trial: Trial) -> str:
        if isinstance(link, GroupLink):
            return f"It is linked by the rule: {link.linked_by}." if link.linked_by else "A rule links it."
        entry = trial.entry
        status = entry.read.get("status", "") if entry is not None else ""
        if status in {"DEPROVISIONED", "SUSPENDED"}:
            return f"Okta says {status}: access ends, whatever the assignment."
        if entry is not None and entry.read.get("assigned") != "yes":
            return "The user is not assigned to the Okta application any more: the account becomes inactive."
        return "The user is assigned to the Okta application."

    def _link(self, entity: str) -> UserLink | GroupLink | None:
        kind, _, okta_id = entity.partition(":")
        if kind == "group":
            return _readable(lambda: self._store.group(okta_id), None)
        link = _readable(lambda: self._store.user(okta_id), None)
        return link if link is not None and link.is_link else None

    def _act(self, entity: str, trial: Trial) -> str:
        """What a sync would do now, and what stands before it."""
        entry = trial.entry
        if entry is None:
            return "A sync would be tried."
        parts = []
        if entry.changed:
            parts.append(f"a sync would write {', '.join(entry.changed)}")
        numbers = ((entry.added, "add"), (entry.removed, "remove"), (entry.held, "hold"))
        parts += [f"a sync would {verb} {number} member{'s' * (number > 1)}" for number, verb in numbers if number]
        if trial.enqueues:
            parts.append(f"and enqueue {len(trial.enqueues)} other{'s' * (len(trial.enqueues) > 1)}")
        says = f"{'; '.join(parts) or 'Nothing differs'} ({entry.outcome}{f', {entry.why}' if entry.why else ''})."
        if entry.why and not parts:
            says = f"Nothing would be written ({entry.outcome}, {entry.why}): {text_of(entry.why).means}"
        hold = self._store.hold(entity)
        if hold is not None and hold.blocks:
            says += f" Hold {hold.number} is {hold.state.value}: {hold.staged} wait for a decision ({hold.reason})."
        excepted = self._excepted(entity)
        if excepted:
            kept = (
                f"{len(excepted)} users stay" if entity.startswith("group:") else f"Access stays ({' '.join(excepted)})"
            )
            says += f" {kept} by a rejected hold, though Okta has ended it: `bridge holds reconsider` takes that back."
        link = self._link(entity)
        if isinstance(link, UserLink) and link.refused:
            says += f" Genesys Cloud has not taken {', '.join(sorted(link.refused))} as it was sent: syncs leave it out"
            says += " until the value or the map changes, a person asks for a sync, or seven days have passed."
        if self._store.app().removals_paused:
            says += " Removals are paused."
        if self._mode is Mode.OBSERVE:
            says += " The bridge observes: nothing is written."
        return says[0].upper() + says[1:]

    def _excepted(self, entity: str) -> list[str]:
        """For a user the entities of rejected holds that keep them, for a group whom its own keeps."""
        if entity.startswith("group:"):
            return sorted(self._store.exceptions(entity))
        okta_id = entity.removeprefix("user:")
        return [kept for kept, users in standing(self._store).items() if okta_id in users]

    def _parked(self, parked: list[ParkedItem]) -> str:
        """Why it is parked, and what to do first."""
        told = []
        for item in parked:
            text = text_of(item.reason)
            since = format_time(item.since or item.parked)
            told += [f"It is parked since {since} ({item.reason}): {text.means}", self._about(item.detail), text.first]
        return " ".join(filter(None, told))

    def _about(self, detail: str) -> str:
        """The detail of a reason, with how each Okta user in it stands; what is no list of entities stays as it is."""
        words = detail.split()
        lists = all(word.startswith(("user:", "group:")) for word in words)
        return f"({(', ' if lists else ' ').join(self._named(word) for word in words)})" if detail else ""

    def _named(self, word: str) -> str:
        holder = self._link(word) if word.startswith("user:") else None
        if not isinstance(holder, UserLink):
            return word
        account = f"Genesys Cloud user {holder.genesys_id}" if holder.genesys_id else "no Genesys Cloud user"
        return f"{word}: {holder.status or 'not read yet'} in Okta and {account}"


def _end(trial: Trial) -> tuple[StepName | None, str]:
    """The step after the first that a sync does not get over, and why; None when it comes to its end."""
    text, entry = trial.text, trial.entry
    words = text.words
    if entry is None:
        # What stops the bridge itself is met before anything is read.
        return "read" if text.step == "reach" else text.step or "act", f"{trial.code}: {words}"
    if "404" in entry.read.values() and not _acts(entry):
        return "read", f"Okta does not show it. {words}" if trial.code else "Okta does not show it."
    if not trial.code or not text.step or _acts(entry):
        return None, ""
    return text.step, words


def _was_refused(last: JournalEntry) -> bool:
    """Whether the last sync failed where Genesys Cloud is asked."""
    return last.outcome == "failed" and text_of(last.why).step in {"match", "act"}


def _acts(entry: JournalEntry) -> bool:
    return bool(entry.changed or entry.added or entry.removed or entry.held)


def _readable(read: Callable[[], T], otherwise: T) -> T:
    """What a record holds; `otherwise` for one that cannot be read: the preview has met it too, and names the reason.

    Raises:
        Transient: the store is out of reach.
    """
    try:
        return read()
    except Transient:
        raise
    except Exception as error:  # noqa: BLE001 - people ask because something is wrong; its text may hold anything
        logger.error("a record could not be read", extra={"why": type(error).__name__})
        return otherwise


def _safely(say: Callable[[], str]) -> str:
    """What a step says, or that it cannot be said."""
    return _readable(say, f"It cannot be said: a record cannot be read. {text_of('unreadable-record').first}")


def _read(trial: Trial) -> str:
    entry = trial.entry
    if entry is None:
        return "Okta shows it."
    if not entry.read:
        return "No reading was needed."
    return "Okta shows " + ", ".join(f"{name} {value}" for name, value in entry.read.items()) + "."


def _match(link: UserLink | GroupLink | None) -> str:
    if link is None or not link.genesys_id:
        return "It has no counterpart in Genesys Cloud yet."
    if isinstance(link, GroupLink):
        return f"It is linked to the Genesys Cloud group {link.genesys_id}." + (
            "" if link.state is GroupState.LINKED else f" ({link.why})"
        )
    says = f"It is linked to the Genesys Cloud user {link.genesys_id} ({link.origin.value or link.state.value})."
    if link.lost_roles:
        says += f" Roles that are missing since access is back: {', '.join(link.lost_roles)}."
    return says
