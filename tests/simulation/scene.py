"""A company whose history is recorded: people act on both sides, operators decide, and every call is checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from bridge.items import Reason
from bridge.provisioning.hold_records import Decision, Verdict
from bridge.provisioning.user_records import Origin
from tests.simulation.ceiling_check import Breach, Rules, breaches
from tests.simulation.crashes import MortalWorld
from tests.simulation.history import ORGANISATION, Members
from tests.simulation.recorder import Recorder

APPROVER = "arn:aws:sts::123456789012:assumed-role/Supervisors/someone"


@dataclass(frozen=True)
class Sight:
    """A hold as an operator saw it."""

    entity: str
    number: int
    revision: int
    users: frozenset[str]
    at: datetime


class Scene:
    """One company with linked groups, its checker's history, and an operator.

    Attributes:
        world: everything.
        recorder: writes the history.
        rules: what the checker is told; the bridge is set up to the same.
    """

    def __init__(self, rules: Rules, *, mend: Callable[[MortalWorld], None] | None = None, **variables: str) -> None:
        """`mend` may put another piece into the world before it is used."""
        self.rules = rules
        self.world = MortalWorld(
            {
                "GROUP_REMOVAL_CEILING": str(rules.count),
                "GROUP_REMOVAL_CEILING_PERCENT": str(rules.percent),
                "DEACTIVATION_CEILING": str(rules.deactivations),
                "DEACTIVATION_CEILING_PERCENT": str(rules.deactivations_percent),
                "INACTIVE_MEMBERS": "keep" if rules.keep_inactive else "remove",
                "BACKOFF_SECONDS": "1",
                "BACKOFF_LIMIT_SECONDS": "2",
                **variables,
            }
        )
        if mend is not None:
            mend(self.world)
            self.world.restart()
        self._groups: dict[str, str] = {}
        self._recorder: Recorder | None = None

    def begin(self, handmade: Iterable[str] = ()) -> None:
        """The history begins: who is there by now counts as made by the bridge, but for adopted and hand-made ones."""
        links = self.world.store.user_links.values()
        adopted = [link.genesys_id for link in links if link.origin is Origin.ADOPTED]
        world = self.world
        self._recorder = Recorder(world.okta, world.genesys, world.clock.now, handmade=[*adopted, *handmade])
        for okta_id, genesys_id in self._groups.items():
            self._recorder.watch(okta_id, genesys_id, synced=True)

    @property
    def recorder(self) -> Recorder:
        """The writer of the history."""
        assert self._recorder is not None, "the history has not begun"
        return self._recorder

    def linked(self, name: str, members: list[str]) -> tuple[str, str]:
        """A group on both sides that has been synced before the history begins, with these members; both ids."""
        assert self._recorder is None, "the history has begun"
        okta_id, genesys_id = self.world.linked_group(name, [])
        with self.world.okta.quietly():
            self.world.okta.add_members(okta_id, members)
        self.world.genesys.edit_members(genesys_id, add=self.world.genesys_ids(members))
        self.world.ask(f"group:{okta_id}")
        self.world.settle()
        self._groups[okta_id] = genesys_id
        return okta_id, genesys_id

    # ------------------------------------------------------------------------------------ what people do

    @contextmanager
    def people(self) -> Iterator[None]:
        """Whatever people do within, on either side, is noted as done now."""
        recorder = self.recorder
        yield
        recorder.observe()

    def change(self, okta_id: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """An administrator changes an Okta group."""
        with self.people():
            self.world.okta.add_members(okta_id, sorted(add))
            self.world.okta.remove_members(okta_id, sorted(remove))

    def read_hold(self, entity: str) -> Sight | None:
        """What ``bridge holds show`` tells an operator of a group's open hold, or the organisation's."""
        hold = self.world.store.hold(_entity(entity))
        if hold is None or not hold.blocks:
            return None
        users = frozenset(self.world.store.staged(hold.entity, hold.number))
        return Sight(entity, hold.number, hold.revision, users, self.world.clock.now())

    def decide(self, sight: Sight, verdict: Verdict) -> bool:
        """The operator approves or rejects what was seen; False where it is too late for that."""
        store, now = self.world.store, self.world.clock.now()
        hold = store.hold(_entity(sight.entity))
        if hold is None or hold.number != sight.number or not hold.blocks:
            return False
        decision = Decision(hold.entity, sight.number, sight.revision, verdict, APPROVER, "CHG-1", now)
        if store.decide(decision) != decision:
            return False
        self.recorder.decide(sight.entity, sight.users, approved=verdict is Verdict.APPROVE, seen=sight.at)
        self.world.ask(hold.entity, Reason.HOLD)
        return True

    def approve(self, entity: str) -> bool:
        """Sync a hold and approve it at once."""
        sight = self.read_hold(entity)
        return sight is not None and self.decide(sight, Verdict.APPROVE)

    def reject(self, entity: str) -> bool:
        """Sync a hold and reject it at once."""
        sight = self.read_hold(entity)
        return sight is not None and self.decide(sight, Verdict.REJECT)

    # ------------------------------------------------------------------------------------ what follows

    def settle(self, *, hours: float = 48) -> None:
        """Work everything off, and note that it is."""
        self.world.settle(hours=hours)
        self.recorder.settled({entity: self.held(entity) for entity in (*self._groups, ORGANISATION)})

    def happen(self, *, each: bool = False) -> None:
        """Deliver what happened and work it off."""
        self.world.deliver(each=each)
        self.settle()

    def held(self, entity: str) -> frozenset[str]:
        """Whom the open hold of a group, or of the organisation, shows."""
        sight = self.read_hold(entity)
        return frozenset() if sight is None else sight.users

    def removing_patches(self) -> list[int]:
        """How many members each PATCH really removed."""
        facts = [fact for fact in self.recorder.history if isinstance(fact, Members) and fact.by_bridge]
        return [len(fact.removed) for fact in facts if fact.removed]

    def active(self, users: Iterable[str]) -> int:
        """How many of these users are active in Genesys Cloud."""
        directory = self.world.genesys.directory
        return sum(directory.users[genesys_id].active for genesys_id in self.world.genesys_ids(users))

    def breaches(self) -> list[Breach]:
        """What the checker finds."""
        return breaches(self.recorder.history, self.rules)


def _entity(entity: str) -> str:
    return entity if entity == ORGANISATION else f"group:{entity}"
