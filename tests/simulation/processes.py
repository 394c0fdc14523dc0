"""What runs beside the consumer: processes by schedule, people who operate the bridge, and whole outages.

One line of `SCHEDULED` each: a name, how likely it runs at each step of a run, and what it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from bridge.items import Reason, make_item
from bridge.operations.requests import Pause
from bridge.operations.switches import Switches
from bridge.provisioning.hold_records import Hold, Verdict
from bridge.provisioning.permissions import APP
from bridge_local.okta import syslog_form
from tests.simulation.gate import Unsettled
from tests.simulation.promises import RESTORE_HOLDS
from tests.simulation.variants import Scheduled

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

#: Invocations within which a reconcile must end.
_MAX_TICKS = 30
#: Seconds after which Genesys Cloud lists what was written before; a listing without anybody is no fair weather.
_INDEXED = 90


def catch_up(simulation: Simulation) -> None:
    """A tick of the real log poller, in an environment of its own."""
    world = simulation.world
    outcome = simulation.run_function("log poller", world.gated_poller, world.poll)
    simulation.history.tell(f"log poller: {outcome or 'died'}")
    if outcome == "ended":
        simulation.variant.hear([syslog_form(entry) for entry in world.okta.log.all()])


def send_dues(simulation: Simulation) -> None:
    """A tick of the minute's schedule: what is due to be synced now goes into its queue."""
    world = simulation.world
    outcome = simulation.run_function("log poller", world.gated_poller, world.send_dues)
    simulation.history.tell(f"log poller: what is due: {outcome or 'died'}")


def _reconciler(simulation: Simulation, do: str) -> Mapping[str, Any]:
    """One invocation of the real reconciler; its answer, empty when the process dies."""
    world = simulation.world
    answer = simulation.run_function(
        "reconciler",
        world.gated_reconciler,
        lambda: world.reconciler.handle({"do": do}, cast("Any", world.context)),
        seconds=900,
    )
    if simulation.bootstrapped is None and world.store.app().bootstrapped:
        simulation.bootstrapped = simulation.clock.time
    run = (answer or {}).get("run", {})
    told = {name: run.get(name) for name in ("number", "phase", "waiting", "failed", "counts")}
    simulation.history.tell(f"reconciler: {answer['outcome'] if answer else 'died'} {told}")
    return answer or {}


def start_reconcile(simulation: Simulation) -> None:
    """The nightly tick, or an operator."""
    _reconciler(simulation, "start")


def carry_reconcile_on(simulation: Simulation) -> None:
    """The tick that carries a run on, or begins the one that a restore asks for."""
    run = simulation.world.store.run()
    if (run is not None and run.unfinished) or simulation.world.store.app().restored is not None:
        _reconciler(simulation, "continue")


def reconcile(simulation: Simulation) -> None:
    """One whole reconcile from its beginning to its end, with the queues worked off.

    Raises:
        Unsettled: it does not end well.
    """
    simulation.pass_time(_INDEXED)
    begins = simulation.clock.time
    for _ in range(_MAX_TICKS):
        run = simulation.world.store.run()
        fresh = run is not None and run.started >= begins
        _reconciler(simulation, "continue" if fresh else "start")
        simulation.rest()
        run = simulation.world.store.run()
        if run is not None and run.started >= begins and not run.unfinished:
            if not run.failed:
                return
            hold = simulation.world.store.hold("app")
            if run.failed != "okta-listing-shrunk" or hold is None or not hold.blocks:
                raise Unsettled(f"the reconcile failed in good weather: {run.failed}")
            # Most people have lost their assignment: somebody decides about them first.
            _decide(simulation, hold, hold.revision, Verdict.APPROVE)
            simulation.rest()
            begins = simulation.clock.time
        simulation.pass_time(300)
    raise Unsettled("the reconcile does not end")


def end_restore(simulation: Simulation) -> None:
    """What a restore holds passes again once everything has been compared and a ceiling's window has passed."""
    if simulation.world.store.app().restored is not None:
        simulation.pass_time(RESTORE_HOLDS.total_seconds())
        _reconciler(simulation, "continue")
        simulation.rest()


def sync_everybody(simulation: Simulation) -> None:
    """An operator has every linked user and group synced: what was refused once is tried again."""
    world = simulation.world
    users = [link.entity for link in world.store.all_users() if link.is_link]
    groups = [link.entity for link in world.store.groups()]
    world.queues.send([make_item(entity, Reason.OPERATOR, str(world.clock.time)) for entity in (*users, *groups)])
    simulation.rest()


def redrive(simulation: Simulation) -> None:
    """An operator sends parked items again, days later."""
    world = simulation.world
    for entity in sorted({parked.entity for parked in world.store.parked.values()}):
        simulation.history.tell(f"redrive {entity}")
        world.queues.send([make_item(entity, Reason.REDRIVE, str(simulation.chance.random()))])


def decide(simulation: Simulation) -> None:
    """Somebody approves or rejects a hold as it stands, or as it stood when they read it."""
    world, chance = simulation.world, simulation.chance
    waiting = world.store.open_hold_entities()
    if not waiting:
        return
    entity = chance.choice(waiting)
    hold = world.store.hold(entity)
    if hold is None or world.store.decision(entity, hold.number) is not None:
        return
    if entity == APP and any(kind.name == "okta-narrowed-role" for kind in simulation.bad.kinds):
        assigned = world.okta.assignments[world.okta.app_id].current
        if assigned.keys() & world.store.staged(entity, hold.number).keys():
            return  # they look in Okta, where everybody is to be seen
    revision = max(1, hold.revision - chance.choice((0, 0, 0, 1)))
    _decide(simulation, hold, revision, chance.choice((Verdict.APPROVE, Verdict.APPROVE, Verdict.REJECT)))


def _decide(simulation: Simulation, hold: Hold, revision: int, verdict: Verdict) -> None:
    world, entity = simulation.world, hold.entity
    seen = {user for user, staged in world.store.staged(entity, hold.number).items() if staged <= revision}
    world.decide(entity, verdict, revision=revision)
    group = entity.removeprefix("group:")
    simulation.history.tell(f"{verdict.value} {entity} {hold.number}, revision {revision}: {sorted(seen)}")
    simulation.recorder.decide(group, seen, approved=verdict is Verdict.APPROVE)
    if verdict is Verdict.APPROVE:
        simulation.promises.approved |= {(group, user) for user in seen}


def pause(simulation: Simulation) -> None:
    """An operator pauses removals, or lets them go on."""
    world, paused = simulation.world, simulation.promises.paused is None
    switches = Switches(
        cast("Any", None),
        {},
        world.store,
        world.queues,
        now=world.clock.now,
        dedup_key=lambda: str(world.clock.time),
    )
    switches.set(Pause(do="pause" if paused else "resume", what="removals"))
    simulation.recorder.pause(paused=paused)
    simulation.promises.paused = world.clock.time if paused else None
    simulation.history.tell("removals are paused" if paused else "removals go on")


def outage(simulation: Simulation) -> None:
    """Okta or Genesys Cloud as a whole is away for a while."""
    if simulation.climate.calm:
        return
    until = simulation.clock.time + timedelta(minutes=simulation.chance.choice((1, 5, 30, 90)))
    if simulation.chance.random() < 0.5:
        simulation.world.okta_service.outage = until
        simulation.history.tell(f"Okta is away until {until:%H:%M:%S}")
    else:
        simulation.world.genesys_service.outage = until
        simulation.history.tell(f"Genesys Cloud is away until {until:%H:%M:%S}")


SCHEDULED: Sequence[Scheduled] = (
    Scheduled("catch-up", 0.2, catch_up),
    Scheduled("reconcile", 0.05, start_reconcile),
    Scheduled("reconcile tick", 0.3, carry_reconcile_on),
    Scheduled("redrive", 0.05, redrive),
    Scheduled("decide", 0.25, decide),
    Scheduled("outage", 0.03, outage),
    Scheduled("pause", 0.04, pause),
)
