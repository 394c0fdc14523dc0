"""A person's decision on a hold: kept once, under the name that AWS confirms; the entity's own sync applies it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Protocol

from bridge.approvals.identity import Identities
from bridge.approvals.reconsidering import keep, reconsider
from bridge.approvals.signing import binding
from bridge.aws.telemetry import logger
from bridge.errors import Transient
from bridge.items import Reason, make_item
from bridge.operations import hold_answers, showing
from bridge.operations.answers import Refused
from bridge.operations.decision_requests import Approval, Decide, Keep
from bridge.provisioning.hold_ports import Holds, Removals
from bridge.provisioning.hold_records import Decision, Hold, HoldState, Verdict
from bridge.provisioning.ports import Clock, QueueSender
from bridge.provisioning.record_ports import AppRecords, Journal


class HoldsAndApp(Holds, AppRecords, Removals, Journal, Protocol):
    """Holds and their exceptions, what operators set for the whole bridge, and the journal."""


class Approvals:
    """Takes decisions."""

    def __init__(
        self,
        store: HoldsAndApp,
        queues: QueueSender,
        clock: Clock,
        identities: Identities,
        function: str,
        *,
        dedup_key: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        """`function` is this function's name, to which identities are bound; `dedup_key` makes items new."""
        self._store = store
        self._queues = queues
        self._clock = clock
        self._identities = identities
        self._function = function
        self._dedup_key = dedup_key

    def decide(self, asked: Approval) -> hold_answers.Decided | hold_answers.Reconsidered | hold_answers.Kept:
        """Take a decision about a hold, or about the exceptions that a rejected one leaves.

        Raises:
            Refused: as `_decide` and `bridge.approvals.reconsidering.reconsider`.
        """
        if isinstance(asked, Decide):
            return self._decide(asked)
        bound = binding(self._function, asked.do, asked.about, 0, 0, asked.why)
        person = self._identities.confirm(asked.identity, bound)
        if isinstance(asked, Keep):
            kept = keep(asked, person, self._store, self._queues, self._clock, self._dedup_key())
            logger.info("kept", extra={"entity": asked.entity, "users": len(kept.users)})
            return kept
        done = reconsider(asked, person, self._store, self._queues, self._clock, self._dedup_key())
        logger.info("reconsidered", extra={"entity": asked.entity, "users": len(done.users)})
        return done

    def _decide(self, asked: Decide) -> hold_answers.Decided:
        """Keep the decision, unless the hold has another, and enqueue the entity.

        Asked once more in the same words, nothing is decided again, but the entity is enqueued again.

        Raises:
            Refused: ``not-found``, ``revision-unknown``, ``hold-not-open``, ``already-decided``, ``identity-refused``,
                or ``unavailable``: the decision is kept, and asking again enqueues the entity.
        """
        hold = self._hold(asked)
        bound = binding(self._function, asked.do, asked.entity, asked.number, asked.revision, asked.why)
        person = self._identities.confirm(asked.identity, bound)
        kept = self._store.decision(asked.entity, asked.number)
        if kept is None:
            self._require_open(hold, asked)
            wanted = Decision(
                entity=asked.entity,
                number=asked.number,
                revision=asked.revision,
                verdict=Verdict(asked.do),
                by=person,
                why=asked.why,
                at=self._clock.now(),
            )
            kept = self._store.decide(wanted)
        if (kept.verdict.value, kept.revision) != (asked.do, asked.revision):
            raise Refused("already-decided", f"hold {kept.number}: {showing.decided(kept)}")
        item = make_item(asked.entity, Reason.HOLD, self._dedup_key())
        try:
            self._queues.send([item])
        except Transient as error:
            raise Refused(
                "unavailable", f"the decision is kept, but the queue took no item ({error.reason}); ask again"
            ) from None
        # Who decided is in the record: an ARN may end with an address of the person.
        logger.info("decided", extra={"entity": asked.entity, "hold": asked.number, "verdict": asked.do})
        return hold_answers.Decided(decision=showing.decision(kept), item=item.id, releases=self._releases(hold, asked))

    def _hold(self, asked: Decide) -> Hold:
        hold = self._store.hold(asked.entity)
        if hold is None or hold.number < asked.number:
            newest = "it has none" if hold is None else f"its newest is {hold.number}"
            raise Refused("not-found", f"{asked.entity} has no hold {asked.number}: {newest}", field="number")
        if hold.number == asked.number and asked.revision > hold.revision:
            message = f"hold {asked.number} has no revision {asked.revision}: its newest is {hold.revision}"
            raise Refused("revision-unknown", message, field="revision")
        return hold

    @staticmethod
    def _require_open(hold: Hold, asked: Decide) -> None:
        if hold.number != asked.number:
            raise Refused("hold-not-open", f"hold {asked.number} has ended; the newest is {hold.number}")
        if hold.state is HoldState.OPENING and asked.revision == hold.revision:
            raise Refused("hold-not-open", "its users are just being written down; ask again in a moment")
        if hold.state not in {HoldState.OPENING, HoldState.OPEN}:
            raise Refused("hold-not-open", f"hold {hold.number} is {hold.state.value}")

    def _releases(self, hold: Hold, asked: Decide) -> str:
        """What the decision means, in a sentence or two."""
        waits = " Removals are paused: it waits until they are resumed." if self._store.app().removals_paused else ""
        if asked.do == Verdict.REJECT.value:
            return "Nobody is removed; the staged users stay until they are wanted again, or gone." + waits
        staged = self._store.staged(asked.entity, asked.number).values()
        released = sum(revision <= asked.revision for revision in staged)
        what = "deactivates" if asked.entity == "app" else "removes"
        sentence = f"The next sync {what} those of {released} staged users who are still to go, and reads anew first."
        later = len(staged) - released
        if hold.number == asked.number and later:
            sentence += f" {later} were staged after revision {asked.revision}: they wait for a decision of their own."
        return sentence + waits
