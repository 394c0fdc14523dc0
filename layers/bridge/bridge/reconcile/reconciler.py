"""The run of a reconcile from its start to its end, over as many invocations as it takes.

One invocation at a time works on a run: it leases the record for as long as it can live, and every write is conditional
on the version that it has read. A run that stops in time, or dies, goes on with the next tick from the last step that
it wrote down; the items of a step are sent before it, so that they are sent again rather than never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from bridge.aws.telemetry import Metric, count, logger
from bridge.errors import AuthFailure, FenceMoved, Permanent, SettingsError, Transient
from bridge.provisioning.exceptions import standing
from bridge.provisioning.ports import Clock
from bridge.provisioning.record_ports import Store
from bridge.provisioning.runs import Finding, Implausible, NotYet, Phase, Queues, Run, Runs, RunTaken, Step
from bridge.reconcile.accounts import Accounts
from bridge.reconcile.assigned import AssignedUsers
from bridge.reconcile.estimate import seconds_left
from bridge.reconcile.groups import Groups
from bridge.reconcile.reading import Session
from bridge.reconcile.restored import end_restore
from bridge.settings import Mode

#: Runs in a row that ticks start because the one before has failed; then the schedule's next one.
TRIES = 3
#: After so many failures a run that the state asks for is tried again this often.
REST = timedelta(hours=1)
#: Invocations in a row without any progress after which a run has failed: an hour of ticks.
IDLE = 12
#: How long a lease outlives the function that took it.
MARGIN = timedelta(seconds=30)


@dataclass(frozen=True)
class Phases:
    """Who works on which phase."""

    assigned: AssignedUsers
    accounts: Accounts
    groups: Groups


class Reconciler:
    """Starts runs and carries them on."""

    def __init__(
        self,
        *,
        phases: Phases,
        store: Store,
        runs: Runs,
        queues: Queues,
        clock: Clock,
        mode: Mode,
        genesys_per_minute: float,
        window: timedelta,
        pause: Callable[[float], None],
    ) -> None:
        """`window`: the ceilings' window. `pause` lets time pass while a call budget fills."""
        self._phases = phases
        self._store = store
        self._runs = runs
        self._queues = queues
        self._clock = clock
        self._mode = mode
        self._genesys_per_minute = genesys_per_minute
        self._pause = pause
        self._window = window

    def start(self, time_left: Callable[[], float]) -> Run:
        """Start a run, or carry on the one that is under way; the run as it then stands."""
        session = self._session(time_left)
        newest = session.ask(self._runs.run)
        if newest is not None and newest.unfinished and newest.mode == self._mode.value:
            return self._carry_on(newest, session)
        return self._begin(newest, session)

    def tick(self, time_left: Callable[[], float]) -> Run | None:
        """Carry on an unfinished run, try a failed one again, or start the one that a change of mode asks for."""
        session = self._session(time_left)
        session.ask(partial(end_restore, self._store, self._queues, self._clock, self._window))
        newest = session.ask(self._runs.run)
        of_this_mode = newest is not None and newest.mode == self._mode.value
        if newest is not None and newest.unfinished and of_this_mode:
            return self._carry_on(newest, session)
        if newest is not None and newest.failed and of_this_mode and newest.tries < TRIES:
            return self._begin(newest, session, tries=newest.tries + 1)
        if session.ask(self._store.app).reconciled == self._mode.value:
            return newest
        if newest is not None and newest.failed and of_this_mode:  # still owed, but nobody needs it every five minutes
            rested = newest.ended is not None and self._clock.now() - newest.ended >= REST
            return self._begin(newest, session, tries=newest.tries) if rested else newest
        return self._begin(newest, session)

    # --------------------------------------------------------------------------------------- life cycle

    def _session(self, time_left: Callable[[], float]) -> Session:
        return Session(self._queues, time_left, self._pause)

    def _begin(self, newest: Run | None, session: Session, *, tries: int = 1) -> Run:
        """A new run in place of the newest one, which it leaves behind as it is."""
        run = Run(
            number=newest.number + 1 if newest else 1,
            mode=self._mode.value,
            started=self._clock.now(),
            version=newest.version if newest else 0,
            lease_until=newest.lease_until if newest and newest.unfinished else None,
            tries=tries,
        )
        return self._carry_on(run, session)

    def _carry_on(self, run: Run, session: Session) -> Run:
        now = self._clock.now()
        if run.lease_until is not None and run.lease_until > now:
            return run  # somebody works on it, or has died: then the lease ends with their function's time
        leased = replace(run, lease_until=now + timedelta(seconds=session.seconds_left()) + MARGIN)
        try:
            run = session.ask(partial(self._runs.save_run, leased))
            return self._work(run, session)
        except RunTaken:
            return self._runs.run() or run

    def _work(self, run: Run, session: Session) -> Run:
        """Step by step until the run has ended, no time is left, or something keeps it from going on."""
        began = run.version
        try:
            while run.unfinished:
                for step in self._steps(run)(run, session):
                    run = self._take(run, step, session)
        except RunTaken:
            raise
        except NotYet as stopped:
            return self._stop(run, stopped.why, progressed=run.version > began or stopped.why == "queues-not-empty")
        except SettingsError as error:
            logger.warning("the reconcile is not set up", extra={"why": str(error)})
            return self._stop(run, "not-set-up", progressed=True)
        except Transient as error:
            if isinstance(error, AuthFailure):
                count(Metric.AUTH_FAILURES, upstream=error.upstream or "settings")
            return self._stop(run, error.reason, progressed=run.version > began)
        except (Implausible, Permanent) as error:
            return self._fail(run, error.reason)
        except Exception as error:  # noqa: BLE001 - whatever nobody classified ends the run, and the next one is free
            count(Metric.UNEXPECTED_ERRORS)
            return self._fail(run, f"unexpected {type(error).__name__}")
        return run

    def _steps(self, run: Run) -> Callable[[Run, Session], Iterator[Step]]:
        phases = self._phases
        steps: dict[Phase, Callable[[Run, Session], Iterator[Step]]] = {
            Phase.MEASURING: phases.accounts.measure,
            Phase.LISTING: phases.accounts.list_existing,
            Phase.LISTING_INACTIVE: phases.accounts.list_existing,
            Phase.ASSIGNED: phases.assigned.compare,
            Phase.MATCHING: partial(self._wait_for_queues, then=Phase.ACTIVE),
            Phase.ACTIVE: phases.accounts.compare,
            Phase.INACTIVE: phases.accounts.compare,
            Phase.GONE: phases.accounts.enqueue_gone,
            Phase.SETTLING: partial(self._wait_for_queues, then=Phase.GROUPS),
            Phase.GROUPS: phases.groups.compare,
            Phase.CLOSING: self._close,
        }
        return steps[run.phase]

    def _take(self, run: Run, step: Step, session: Session) -> Run:
        """Write a step down, with what was found and sent on the way to it."""
        now = self._clock.now()
        run = replace(run.at(step).found(session.findings, session.items), idle=0, waiting="")
        session.findings, session.items = [], 0
        if run.phase is Phase.ENDED:
            run = replace(run, ended=now, lease_until=None, seconds_left=0)
        else:
            first = self._store.app().reconciled != run.mode
            run = replace(run, seconds_left=seconds_left(run, now, self._genesys_per_minute, first=first))
        run = self._runs.save_run(run)
        if not run.unfinished:
            count(Metric.RECONCILED)
            for finding, found in run.counts.items():
                count(Metric.RECONCILE_FOUND, found, finding=finding)
            logger.info("reconciled", extra={"run": run.number, "items": run.items, "found": dict(run.counts)})
        return run

    def _stop(self, run: Run, why: str, *, progressed: bool) -> Run:
        """Give the lease back; the next tick goes on."""
        run = replace(run, waiting=why, idle=0 if progressed else run.idle + 1, lease_until=None)
        if run.idle >= IDLE:
            return self._fail(run, f"no-progress {why}")
        logger.info("the reconcile waits", extra={"run": run.number, "phase": run.phase, "why": why})
        return self._runs.save_run(run)

    def _fail(self, run: Run, why: str) -> Run:
        """The run ends here: what it has not seen is no ground for anything."""
        count(Metric.RECONCILE_FAILED)
        logger.error("the reconcile has failed", extra={"run": run.number, "phase": run.phase, "why": why})
        return self._runs.save_run(replace(run, failed=why, ended=self._clock.now(), lease_until=None))

    # ------------------------------------------------------------------------------------------ phases

    def _wait_for_queues(self, run: Run, session: Session, *, then: Phase) -> Iterator[Step]:
        """Until the first whole reconcile has ended, groups come after users, and a report after both have met."""
        app = session.ask(self._store.app)
        if not app.bootstrapped:
            if session.ask(self._queues.waiting):
                raise NotYet("queues-not-empty")
            if then is Phase.GROUPS and run.mode == Mode.ENFORCE:
                self._clear_groups_due(session)
        yield Step(then)

    def _clear_groups_due(self, session: Session) -> None:
        """Every group in scope gets an item next, so no user has to enqueue their own."""
        due = session.ask(lambda: [link.okta_id for link in self._store.all_users() if link.groups_due])
        for okta_id in due:
            session.ask(partial(self._clear_due, okta_id))

    def _clear_due(self, okta_id: str) -> None:
        link = self._store.user(okta_id)
        if link is None or not link.groups_due:
            return
        try:
            self._store.save_user(replace(link, groups_due=False))
        except FenceMoved:
            return  # a sync has begun: whatever it leaves is the newer truth

    def _close(self, run: Run, session: Session) -> Iterator[Step]:
        """What only a whole run may write: that there was one, and that the first one is behind us."""
        for users in session.ask(partial(standing, self._store)).values():
            for okta_id in sorted(users):
                session.find(Finding.EXCEPTED, okta_id)
        if run.mode == Mode.ENFORCE and not session.ask(self._store.app).bootstrapped:
            session.ask(self._store.set_bootstrapped)
        session.ask(partial(self._store.note_reconciled, run.mode))
        session.ask(partial(self._runs.drop_seen_accounts, run.number))
        yield Step(Phase.ENDED)
