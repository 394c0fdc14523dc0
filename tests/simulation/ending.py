"""How every run ends: one catch-up, one reconcile, and a comparison that shares nothing with the bridge's decisions."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from unittest.mock import patch

from bridge.aws import telemetry, upstreams
from bridge.outbound.http import HttpClient
from bridge.provisioning.hold_records import HoldState
from bridge.provisioning.linking import UNLINKED_BY_OPERATOR
from bridge_local.proof import Story, differences
from tests.simulation.bad_answers import drawn
from tests.simulation.ceiling_check import Rules, breaches
from tests.simulation.excuses import excused
from tests.simulation.gate import Unsettled
from tests.simulation.pace import too_many_calls
from tests.simulation.processes import catch_up, end_restore, reconcile, redrive, sync_everybody
from tests.simulation.promises import SLACK, USABLE
from tests.simulation.services import DirectHttp
from tests.simulation.simulation import Simulation
from tests.simulation.variants import Variant

#: What somebody is parked with whose e-mail, or account, another one has.
WAITS_FOR_AN_ADDRESS = frozenset(
    {"owned-by-another-user", "user-name-taken", "user-name-conflict", "account-not-visible"}
)
#: Asked for like a kind of bad answers: people at work in Genesys Cloud, operators, many writes that come late.
ANYHOW = ("by-hand", "operators", "late-writes")
#: Within so long after the faults ended events alone bring everything: the longest backoff of a message, which waits
#: for a breaker first, the patience with a conflict (15 minutes), and what is due after 20 minutes, one after another.
EVENTS_ALONE = timedelta(minutes=45)


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        seed: of the run.
        wrong: what is not as promised, in words; empty when all is well.
        history: the lines of the run.
        counts: what happened how often.
    """

    seed: int
    wrong: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def run(seed: int, variant: Variant | None = None, *, bad: str = "", keep_history: bool = False) -> Outcome:
    """Run one schedule from its beginning to its proof; `bad`, a kind of bad answers or of `ANYHOW`, is drawn."""
    variant = variant or Variant()
    outcome = Outcome(seed)
    anyhow, bad = (bad, "") if bad in ANYHOW else ("", bad)
    with variant.applied(), _lean(wire=seed % 10 == 0 or bool(drawn(seed, only=bad).kinds)):
        simulation = Simulation(seed, variant, bad=bad, anyhow=anyhow)
        try:
            simulation.live()
            if not simulation.promises.broken:
                simulation.end_faults()
                simulation.previews.take()
                outcome.wrong += _wrong_by_events_alone(simulation)
                simulation.resume()
                outcome.wrong += [f"before the reconcile: {line}" for line in _by_events_alone(simulation)]
            if not (simulation.promises.broken or outcome.wrong):
                reconcile(simulation)
                end_restore(simulation)
                if simulation.bad.kinds:
                    sync_everybody(simulation)
                redrive(simulation)
                simulation.rest()
        except Unsettled as unsettled:
            outcome.wrong.append(str(unsettled))
    outcome.wrong = (
        outcome.wrong
        or too_many_calls(simulation.world.genesys.calls, simulation.per_minute)
        or simulation.promises.broken
        or simulation.previews.differences
        or _ceiling_breached(simulation)
        or _wrong_in_the_end(simulation)
    )
    outcome.counts = _counts(simulation)
    if outcome.wrong or keep_history:
        outcome.history = simulation.history.lines()
        names = simulation.history.names
        outcome.wrong = [_named(line, names) for line in outcome.wrong]
    return outcome


def _wrong_by_events_alone(simulation: Simulation) -> list[str]:
    """What is not right so long after the faults ended, before anybody resumes, redrives or reconciles.

    Removals that are paused wait in holds, as the comparison knows. Whose access has ended at once is inactive in any
    case, but for whom a first day's reconcile has yet to find.
    """
    catch_up(simulation)
    simulation.pass_time(EVENTS_ALONE.total_seconds())
    return [f"by events alone, after {EVENTS_ALONE}: {line}" for line in _by_events_alone(simulation)]


def _by_events_alone(simulation: Simulation) -> list[str]:
    """What events should have brought, and have not.

    On a first day, and after a restore, a whole reconcile has yet to find people.
    """
    if simulation.first_day or simulation.world.store.app().restored is not None:
        return []
    ids = excused(simulation)
    return [line for line in differing(simulation) if not any(each in line for each in ids)]


@contextlib.contextmanager
def _lean(*, wire: bool) -> Iterator[None]:
    """Without logs and metrics; and without what takes most of the time, the wire, unless asked for it."""
    client = HttpClient if wire else DirectHttp
    level = telemetry.logger.log_level
    telemetry.logger.setLevel(logging.CRITICAL)
    try:
        with contextlib.ExitStack() as patched:
            patched.enter_context(patch.object(upstreams, "HttpClient", client))
            patched.enter_context(patch.object(telemetry, "_emit", _unheard))
            yield
    finally:
        telemetry.logger.setLevel(level)


def _unheard(*_: object) -> None:
    """A metric that nobody reads."""


def _named(line: str, names: dict[str, str]) -> str:
    for known, name in names.items():
        line = line.replace(known, name)
    return line


#: What the ceiling's checker can tell for sure, however late and mixed up the bridge hears of things.
_SURE = frozenset({"count", "too-many-in-one-patch", "unknown-member-removed", "forbidden", "deactivations"})


def _ceiling_breached(simulation: Simulation) -> list[str]:
    settings = simulation.world.variables
    rules = Rules(
        count=int(settings["GROUP_REMOVAL_CEILING"]),
        percent=int(settings["GROUP_REMOVAL_CEILING_PERCENT"]),
        keep_inactive=settings["INACTIVE_MEMBERS"] == "keep",
        read_lag=SLACK,
    )
    found = [breach for breach in breaches(simulation.recorder.history, rules) if breach.rule in _SURE]
    return [f"P4: {each.at:%d %H:%M:%S} {each.entity} {each.rule} {each.detail}" for each in found]


def _wrong_in_the_end(simulation: Simulation) -> list[str]:
    world = simulation.world
    store, genesys = world.store, world.genesys
    wrong = [f"lost: {message.body} is in the dead letters" for message in world.queues.dead_letters]
    if world.queues.depth():
        wrong.append(f"{world.queues.depth()} items are still in the queues")
    homeless = {f"user:{each}" for each in _without_account(simulation)}
    # Another cause of the same person stays open with it: it is settled when the person is.
    waiting = {each.entity for each in store.parked.values() if each.reason in WAITS_FOR_AN_ADDRESS} & homeless
    wrong += [
        f"parked: {parked.entity} {parked.reason} {parked.detail}"
        for parked in store.parked.values()
        if parked.entity not in waiting
        and not (parked.reason == "account-not-visible" and genesys.user(parked.detail) is None)
    ]
    if store.app().restored is not None:
        wrong.append("a restore still holds removals")
    wrong += simulation.operators.forgotten()
    wrong += differing(simulation)
    return wrong


def differing(simulation: Simulation) -> list[str]:
    """Where Genesys Cloud is not what Okta says, but for holds and exceptions."""
    world = simulation.world
    store, okta, genesys = world.store, world.okta, world.genesys
    linked = {link.okta_id: link.genesys_id for link in store.group_links.values() if link.genesys_id}
    held: dict[str, frozenset[str]] = {}
    homeless = _without_account(simulation)
    for group, genesys_group in linked.items():
        entity = f"group:{group}"
        hold = store.hold(entity)
        staged = frozenset(store.staged(entity, hold.number) if hold is not None else ())
        if hold is not None and hold.state is HoldState.APPROVED and simulation.promises.paused is not None:
            # Approved, and kept back or cut off by a pause; so is anyone who leaves beside them, and no hold says it.
            staged = _members(simulation, genesys_group)
        elif hold is None or not hold.blocks:
            staged = frozenset()
        held[group] = (staged | store.exceptions(entity)) - _removed_late(simulation, genesys_group)
    excused = {
        f"Genesys Cloud user {kept}: is active, and nobody in Okta stands for it"
        for kept in [*_kept(simulation), *_never_ours(simulation)]
    }
    return _not_linked(simulation) + [
        line
        for line in differences(okta, genesys, Story(linked, held))
        if line not in excused
        and not line.endswith("is linked with nothing and has members")
        and not any(line.startswith(f"user {each}: ") or line.endswith(_absent(each)) for each in homeless)
    ]


def _not_linked(simulation: Simulation) -> list[str]:
    """Groups that are to be linked, and are not; but for those that an operator keeps out."""
    world = simulation.world
    store, okta, genesys = world.store, world.okta, world.genesys
    linked = {
        link.okta_id for link in store.group_links.values() if link.genesys_id or link.linked_by == UNLINKED_BY_OPERATOR
    }
    return [
        f"group {group.id}: is assigned and bears a name of Genesys Cloud, and is not linked"
        for group in okta.groups.current.values()
        if group.id in okta.app_groups[okta.app_id].current
        and group.id not in linked
        and sum(name.casefold() == group.name.casefold() for name in genesys.groups().values()) == 1
        and not any(
            other in store.owner_of and name.casefold() == group.name.casefold()
            for other, name in genesys.groups().items()
        )
    ]


def _absent(okta_id: str) -> str:
    """What the comparison says of somebody who is to be a member and is none."""
    return f": {okta_id} should be a member in Genesys Cloud"


def _without_account(simulation: Simulation) -> set[str]:
    """Okta users whose e-mail is the userName of an account that a hold or an exception keeps for somebody else.

    They wait: nobody takes an account over while a person has yet to say whether its owner goes. So do people who share
    an e-mail with another Okta user, in whatever state: one has the account, the other is parked. A new e-mail in Okta
    frees no address of somebody whose access has ended: nothing but their end is written to their account, and it is
    theirs until they are deleted in Okta.
    """
    world = simulation.world
    owners = _kept_owners(simulation) | _ended(simulation)
    names = {str(each["userName"]).casefold() for each in world.genesys.users() if each.get("externalId") in owners}
    users = world.okta.users.current.values()
    emails = Counter(str(user.profile.get("email", "")).casefold() for user in users)
    shared = {email for email, count in emails.items() if count > 1}
    return {
        user.id
        for user in users
        if (email := str(user.profile.get("email", "")).casefold()) in shared
        or (email in names and user.id not in owners)
    }


def _members(simulation: Simulation, genesys_group: str) -> frozenset[str]:
    """Okta ids of a Genesys Cloud group's members."""
    world = simulation.world
    owners = world.store.owners(frozenset(world.genesys.members(genesys_group))).values()
    return frozenset(owner.removeprefix("user:") for owner in owners)


def _removed_late(simulation: Simulation, genesys_group: str) -> set[str]:
    """Okta ids of people whom a removal of the bridge that came late, and had been counted, has taken out of a group.

    A hold that staged them before it came shows them until the group is synced again.
    """
    world = simulation.world
    members = set(world.genesys.members(genesys_group))
    gone = {member for group, member in world.genesys_service.removed_late if group == genesys_group} - members
    owners = world.store.owners(gone).values()
    return {owner.removeprefix("user:") for owner in owners}


def _kept(simulation: Simulation) -> list[str]:
    """Accounts whose deactivation waits for a person, or was refused; never of the DEPROVISIONED or SUSPENDED."""
    owners = _kept_owners(simulation)
    links = simulation.world.store.user_links
    # One that somebody made by hand bears no Okta id before it is written to for the first time.
    linked = {links[owner].genesys_id for owner in owners if owner in links}
    users = simulation.world.genesys.users()
    return [str(each["id"]) for each in users if each.get("externalId") in owners or each["id"] in linked]


def _kept_owners(simulation: Simulation) -> set[str]:
    """Okta ids of their owners."""
    world = simulation.world
    store, users = world.store, world.okta.users.current
    hold = store.hold("app")
    staged = store.staged("app", hold.number) if hold is not None and hold.blocks else {}
    return {
        okta_id
        for okta_id in frozenset(staged) | store.exceptions("app")
        if okta_id not in users or users[okta_id].status not in {"DEPROVISIONED", "SUSPENDED"}
    }


def _ended(simulation: Simulation) -> set[str]:
    """Okta ids of users who are in Okta, and are not to be active in Genesys Cloud."""
    okta = simulation.world.okta
    assigned = okta.assignments[okta.app_id].current
    return {user.id for user in okta.users.current.values() if user.status not in USABLE or user.id not in assigned}


def _never_ours(simulation: Simulation) -> list[str]:
    """Accounts from before the bridge that never came under it, and that the last reconcile has reported.

    Nobody whose access Okta had ended well before the first whole reconcile was through is among them.
    """
    world = simulation.world
    run, users = world.store.run(), world.okta.users.current
    reported = {each for ids in run.ids.values() for each in ids} if run is not None else set()
    through = (simulation.bootstrapped or world.clock.time) - SLACK
    ended = {
        user.id
        for user in users.values()
        if user.status in {"DEPROVISIONED", "SUSPENDED"} and user.status_changed and user.status_changed < through
    }
    return [
        account
        for account in simulation.company.accounts.values()
        if account not in world.store.owner_of
        and account in reported
        and (found := world.genesys.directory.user(account)) is not None
        and found.external_id not in ended
    ]


def _counts(simulation: Simulation) -> Counter[str]:
    world = simulation.world
    calls = world.genesys.calls
    return Counter(
        {
            "syncs": len(world.store.journal),
            "Genesys Cloud calls": len(calls),
            "events": len(world.okta.log.all()),
            "members removed": sum(len(call.removed) for call in calls),
            "holds": len({(hold.entity, hold.number) for hold in world.store.saved_holds}),
            **simulation.previews.counts,
        }
    )
