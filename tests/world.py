"""The whole bridge in one process: real handlers between an Okta model and a Genesys Cloud model, time from outside."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, cast

from bridge.aws.dependencies import Dependencies
from bridge.aws.secrets import Secrets
from bridge.catchup.catch_up import CatchUp
from bridge.catchup.composition import build as build_catch_up
from bridge.catchup.settings import LogPollerSettings
from bridge.consumer.composition import Consumer
from bridge.consumer.settings import ConsumerSettings
from bridge.errors import Transient
from bridge.items import Item, Queue, Reason, make_item
from bridge.mapping.attribute_map import AttributeMap
from bridge.outbound.http import Transport
from bridge.provisioning.evidence import WHY as SECOND_SIGHT_DUE
from bridge.provisioning.groups import UNLINK_WHY
from bridge.provisioning.hold_records import Decision, Hold, Verdict
from bridge.provisioning.permissions import Permission
from bridge.provisioning.ports import QueueSender
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import JournalEntry
from bridge.provisioning.runs import Run
from bridge.provisioning.user_records import Origin, Pending, PendingKind, UserLink, UserState
from bridge.receiver.composition import Receiver
from bridge.receiver.settings import ReceiverSettings
from bridge.reconcile.composition import ReconcilerEvents
from bridge.settings import SyncSettings, UserNameSource
from bridge_local.faults import Fault, watched
from bridge_local.fifo import FifoQueues
from bridge_local.genesys.model import GenesysModel
from bridge_local.genesys.switches import GenesysSwitches
from bridge_local.idempotency import MemoryIdempotency
from bridge_local.memory import MemoryStore
from bridge_local.okta import OktaModel, OktaSwitches
from bridge_local.okta.event_forms import envelope, hook_form
from bridge_local.okta.switches import UNLIMITED
from bridge_local.transport import ModelTransport
from functions.log_poller import app as log_poller_app
from functions.receiver import app as receiver_app

HOOK_SECRET = "hook-secret"
APP_ID = "0oaGenesysCloudApp5d"
HOOK_URL = "https://hook.example.com/live/okta/events"
ORGANISATION = "client https://api.mypurecloud.com"
FAR_AWAY = datetime(2099, 1, 1, tzinfo=UTC)
START = datetime(2026, 11, 24, 9, tzinfo=UTC)


class VirtualClock:
    """Time that moves only when told."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        """The present moment."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)


class StubSecrets:
    """A secret whose values are given."""

    def __init__(self, **values: str) -> None:
        self.values = values

    def get(self, key: str) -> str:
        """The value of a key."""
        return self.values[key]

    def find(self, key: str) -> str:
        """The value of a key, empty without one."""
        return self.values.get(key, "")

    def refresh(self) -> bool:
        """There is nothing newer."""
        return False

    def made(self) -> datetime:
        """When it was written."""
        return START


class FreePace:
    """A budget without limit."""

    def take(self) -> None:
        """Always granted."""

    def hold(self) -> None:
        """Always granted."""

    def hurry(self) -> None:
        """Nobody waits."""

    def observe(self, *, limit: int | None, remaining: int | None, reset_seconds: float | None) -> None:
        """Nothing to learn."""


@dataclass
class Told:
    """People, and what they were told about holds."""

    messages: list[tuple[str, Hold]] = field(default_factory=list)
    deaf: bool = False

    def hold_changed(self, hold: Hold, what: str) -> None:
        """Hear it, unless nothing gets through."""
        if self.deaf:
            raise Transient("notification-refused", upstream="sns")
        self.messages.append((what, hold))


@lru_cache
def attribute_map(user_name: UserNameSource, default_region: str) -> AttributeMap:
    """The map that comes with the bridge, read once."""
    return AttributeMap.default(user_name=user_name, default_region=default_region)


@dataclass
class Context:
    """A Lambda context with plenty of time, unless told otherwise."""

    milliseconds: int = 120_000
    function_name: str = "consumer"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:consumer"
    aws_request_id: str = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """How long the function may still run."""
        return self.milliseconds


@dataclass
class Countdown:
    """A Lambda context whose time passes with the clock."""

    clock: VirtualClock
    seconds: float = 900
    aws_request_id: str = "00000000-0000-4000-8000-000000000001"

    def __post_init__(self) -> None:
        self.end = self.clock.now() + timedelta(seconds=self.seconds)

    def get_remaining_time_in_millis(self) -> int:
        """How long the function may still run."""
        return max(0, round((self.end - self.clock.now()).total_seconds() * 1000))


@dataclass
class World:
    """One company: people change Okta, events are delivered, queues are worked off, Genesys Cloud follows."""

    variables: dict[str, str] = field(default_factory=dict)
    seed: int = 1
    genesys_switches: GenesysSwitches = field(default_factory=GenesysSwitches)
    bootstrapped: bool = True
    clock: VirtualClock = field(default_factory=VirtualClock)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # noqa: S311 - repeatable, not secret
        self.okta = OktaModel(
            self.clock.now,
            self.rng,
            OktaSwitches(rate_limits=UNLIMITED),
            app_id=APP_ID,
            api_token="okta-token",
        )
        self.genesys_switches.token_per_minute = 1_000_000
        self.genesys_switches.client_per_minute = None
        self.genesys = GenesysModel(
            self.clock.now,
            self.rng,
            self.genesys_switches,
            client_id="client",
            client_secret="client-secret",
        )
        self.queues = FifoQueues(self.clock.now)
        self.store = MemoryStore()
        if self.bootstrapped:  # a company whose first whole reconcile is behind it
            self.store.set_bootstrapped()
            self.store.note_reconciled("enforce")
            self.store.confirm_organisation(ORGANISATION)
        self.context = Context()
        self.people_told = Told()
        self.idempotency = MemoryIdempotency(self.clock.now)
        self.hash_key = "k" * 32
        self.secrets = StubSecrets(
            hook_secret=HOOK_SECRET,
            okta_token="okta-token",
            genesys_client_id="client",
            genesys_client_secret="client-secret",
        )
        self._delivered = len(self.okta.log.all())
        self.restart()

    def restart(self) -> None:
        """New processes: everything that lives in memory alone is forgotten."""
        self.consumer = self.new_consumer()
        self.receiver = self.new_receiver(self.queues)
        self.catch_up = self.new_poller(self.store, self.queues, ModelTransport(self.okta))
        self.reconciler = self.new_reconciler()

    def environment(self) -> dict[str, str]:
        """The environment variables of the functions."""
        queues = self.queues.queues
        return {
            "OKTA_ORG_URL": "https://example.okta.com",
            "OKTA_APP_ID": APP_ID,
            "OKTA_AUTH": "ssws",
            "GENESYS_REGION": "us-east-1",
            "BRIDGE_SECRET_ID": "bridge",
            "HASH_KEY_SECRET_ID": "hash",
            "STATE_TABLE": "state",
            "IDEMPOTENCY_TABLE": "idempotency",
            "LEAVERS_QUEUE_URL": queues[Queue.LEAVERS].url,
            "USERS_QUEUE_URL": queues[Queue.USERS].url,
            "GROUPS_QUEUE_URL": queues[Queue.GROUPS].url,
            "DEFAULT_PHONE_REGION": "US",
            "MODE": "enforce",
            "HOOK_URL": HOOK_URL,
            **self.variables,
        }

    def new_consumer(self) -> Consumer:
        """A new environment of the consumer."""
        settings = ConsumerSettings.read(self.environment())
        return Consumer(settings, self.dependencies(settings))

    def new_receiver(self, queues: QueueSender) -> Receiver:
        """A new environment of the receiver, with this way into the queues."""
        settings = ReceiverSettings.read(self.environment())
        return Receiver(settings, Dependencies(settings, secrets=self.secrets, queues=queues))

    def dependencies(self, settings: ConsumerSettings) -> Dependencies:
        """The world around a new consumer."""
        return Dependencies(
            settings,
            store=self.store,
            queues=self.queues,
            sqs=cast("Any", self.queues),
            idempotency=self.idempotency,
            secrets=cast("Secrets", self.secrets),
            hash_key=cast("Secrets", StubSecrets(hash_key=self.hash_key)),
            mapper=attribute_map(settings.mapping.user_name_source, settings.mapping.default_phone_region),
            notifier=self.people_told,
            pace=lambda _upstream, _queue: FreePace(),
            clock=self.clock,
            pause=self.clock.advance,
            rng=self.rng,
            sign=None,
            make_password=lambda: "Made-up-Passw0rd",
            okta_transport=ModelTransport(self.okta),
            genesys_transport=ModelTransport(self.genesys),
        )

    def new_reconciler(self, **given: Any) -> ReconcilerEvents:
        """A new environment of the reconciler, with these in place of its dependencies."""
        settings = SyncSettings.read(self.environment())
        usual = self.dependencies(ConsumerSettings.read(self.environment())).given
        return ReconcilerEvents(settings, Dependencies(settings, **{**usual, "pause": self.clock.advance, **given}))

    def new_poller(self, store: Store, queues: QueueSender, okta_transport: Transport, **given: Any) -> CatchUp:
        """A new environment of the log poller, in this world, with these in place of its dependencies."""
        settings = LogPollerSettings.read(self.environment())
        dependencies = Dependencies(
            settings,
            **{
                "store": store,
                "queues": queues,
                "oldest_change": self.queues.oldest,
                "secrets": self.secrets,
                "clock": self.clock,
                "sign": None,
                "okta_transport": okta_transport,
                **given,
            },
        )
        return build_catch_up(settings, dependencies)

    def send_dues(self) -> str:
        """One tick of the minute's schedule: the real log poller sends what is due."""
        return self.poll({"do": "due"})

    def poll(self, event: Mapping[str, Any] = MappingProxyType({})) -> str:
        """One tick of the real log poller; how its run ended."""
        compose, log_poller_app.compose = log_poller_app.compose, cast("Any", lambda: self.catch_up)
        try:
            return log_poller_app.handler(event, cast("Any", self.context))["outcome"]
        finally:
            log_poller_app.compose = compose

    # ------------------------------------------------------------------------------------ events

    def events(self) -> list[dict[str, Any]]:
        """The events since the last call, in hook form."""
        log = self.okta.log.all()
        fresh, self._delivered = log[self._delivered :], len(log)
        return [hook_form(entry) for entry in fresh]

    def deliver(self, events: list[dict[str, Any]] | None = None, *, each: bool = False, after: float = 10.0) -> None:
        """Send events (those since the last time, if none are given) to the real receiver, seconds after they happened.

        Args:
            events: in hook form.
            each: whether each event is a delivery of its own.
            after: how long Okta takes.
        """
        events = self.events() if events is None else events
        self.clock.advance(after)
        for part in [[event] for event in events] if each else [events]:
            body = envelope("https://example.okta.com/api/v1/eventHooks/who1", "delivery", self.clock.now(), part)
            answer = self.post(json.dumps(body))
            assert answer["statusCode"] == 204, answer

    def post(self, body: str) -> dict[str, Any]:
        """A POST to the real receiver handler, with the right secret."""
        receiver_app.compose.cache_clear()
        compose, receiver_app.compose = receiver_app.compose, cast("Any", lambda: self.receiver)
        try:
            return receiver_app.handler(
                {"httpMethod": "POST", "headers": {"Authorization": HOOK_SECRET}, "body": body},
                cast("Any", self.context),
            )
        finally:
            receiver_app.compose = compose

    def ask(self, entity: str, reason: Reason = Reason.OPERATOR, *, queue: Queue | None = None) -> Item:
        """Put a fresh item for an entity into its queue."""
        item = make_item(entity, reason, str(self.rng.random()), queue=queue)
        self.queues.send([item])
        return item

    def writing(self, okta_id: str) -> None:
        """A write to somebody's account has had no answer yet."""
        pending = (Pending(PendingKind.CHANGE, self.clock.now()),)
        self.store.user_links[okta_id] = replace(self.store.user_links[okta_id], pending=pending)

    # --------------------------------------------------------------------------------- reconcile

    def reconcile(self, do: str = "start", *, seconds: float = 900) -> Run:
        """One invocation of the reconciler that may take so long; the run as it then stands."""
        self.reconciler.handle({"do": do}, cast("Any", Countdown(self.clock, seconds)))
        run = self.store.run()
        assert run is not None, "no run was started"
        return run

    def reconcile_whole(self, *, ticks: int = 50) -> Run:
        """A whole run: started, carried on by ticks while the queues are worked, and its items worked off."""
        run = self.reconcile()
        for _ in range(ticks):
            if not run.unfinished:
                break
            self.settle()
            self.clock.advance(300)
            run = self.reconcile("continue")
        assert not run.unfinished, f"still in {run.phase}, {run.waiting}"
        self.settle()
        return run

    def decide(
        self,
        entity: str,
        verdict: Verdict,
        *,
        revision: int | None = None,
        by: str = "arn:aws:iam::123456789012:role/approver",
        why: str = "",
    ) -> Decision:
        """A person decides about the entity's newest hold, as it stands or as it stood; the decision that counts."""
        hold = self.store.hold(entity)
        assert hold is not None, f"{entity} has no hold"
        seen = hold.revision if revision is None else revision
        counts = self.store.decide(Decision(entity, hold.number, seen, verdict, by, why, self.clock.now()))
        self.ask(entity, Reason.HOLD)
        return counts

    # ------------------------------------------------------------------------------------- queues

    def work(self, queue: Queue) -> Mapping[str, Any] | None:
        """Handle one batch of a queue; the handler's answer, None when nothing could be received."""
        event = self.queues.receive(queue)
        if event is None:
            return None
        answer = self.consumer.handle(event, cast("Any", self.context))
        self.queues.answer(queue, event, answer)
        return answer

    def settle(self, *, hours: float = 48) -> None:
        """Work off the queues, and the second sights that are due; fails when that is not done after `hours`."""
        limit = self.clock.now() + timedelta(hours=hours)
        self.work_off(limit)
        waited = {SECOND_SIGHT_DUE, UNLINK_WHY, Permission.UNEXPLAINED.value}
        while sights := [due for due in self.store.dues() if due.why in waited]:
            soonest = min(due.at for due in sights)
            assert soonest < limit, "no second sight in time"
            self.clock.advance(max((soonest - self.clock.now()).total_seconds(), 0.0))
            self.send_dues()
            self.work_off(limit)

    def work_off(self, limit: datetime = FAR_AWAY) -> None:
        """Work the queues off, letting time pass where all wait."""
        while self.queues.depth():
            worked = [self.work(queue) is not None for queue in Queue]
            if not any(worked):
                soonest = self.queues.next_visible()
                assert soonest is not None
                assert soonest < limit, "the queues are not empty in time"
                self.clock.advance(max((soonest - self.clock.now()).total_seconds(), 0.001))

    def pass_time(self, hours: float) -> None:
        """Work the queues off as time passes, and send what is due, empty or not at the end."""
        end = self.clock.now() + timedelta(hours=hours)
        while self.clock.now() < end:
            while True:
                worked = [self.work(queue) is not None for queue in Queue]
                if not any(worked):
                    break
            due = min((due.at for due in self.store.dues()), default=end)
            if due <= self.clock.now():
                self.send_dues()
                continue
            soonest = min(self.queues.next_visible() or end, due, end)
            self.clock.advance(max((soonest - self.clock.now()).total_seconds(), 0.001))

    def happen(self) -> None:
        """Deliver what happened and work it off."""
        self.deliver()
        self.settle()

    # ----------------------------------------------------------------------------------- shortcuts

    def person(self, name: str, *, assigned: bool = True, **profile: Any) -> str:
        """A new active Okta user, assigned to the application; the Okta id."""
        first, _, last = name.partition(" ")
        email = f"{first}.{last or 'x'}@example.com".lower()
        user_id = self.okta.create_user(
            {"login": email, "email": email, "firstName": first, "lastName": last or "x", **profile}
        )
        if assigned:
            self.okta.assign_user(user_id)
        return user_id

    def hired(self, **profile: Any) -> str:
        """Somebody who has an account."""
        user = self.person("Ada Brook", **profile)
        self.happen()
        return user

    def change(self, user: str, **profile: Any) -> None:
        """A profile changes, and the bridge hears of it."""
        self.okta.update_profile(user, profile)
        self.happen()

    def people(self, count: int) -> list[str]:
        """Many new users, assigned."""
        return [self.person(f"Person{number:05} Test") for number in range(count)]

    def linked_group(self, name: str, members: list[str]) -> tuple[str, str]:
        """A group on both sides, linked by a first sync while Okta's has these members; both ids."""
        genesys_id = self.genesys.add_group(name)
        okta_id = self.okta.create_group(name)
        self.okta.add_members(okta_id, members)
        self.variables["LINKED_GROUPS"] = ",".join(filter(None, [self.variables.get("LINKED_GROUPS", ""), name]))
        self.restart()
        self.happen()
        return okta_id, genesys_id

    def account(self, okta_id: str) -> dict[str, Any]:
        """The one Genesys Cloud user with this Okta user's externalId."""
        found = [user for user in self.genesys.users() if user.get("externalId") == okta_id]
        assert len(found) == 1, f"{len(found)} accounts"
        return found[0]

    def accounts(self) -> list[dict[str, Any]]:
        """Every Genesys Cloud user."""
        return list(self.genesys.users())

    def members(self, genesys_group: str) -> set[str]:
        """Okta ids (externalId) of a Genesys Cloud group's members; the id itself for those without one."""
        by_id = {user["id"]: user.get("externalId") or user["id"] for user in self.genesys.users()}
        return {by_id[member] for member in self.genesys.members(genesys_group)}

    def journal(self, entity: str) -> list[JournalEntry]:
        """What the syncs of an entity said, oldest first."""
        return [entry for entry in self.store.journal if entry.entity == entity]

    def last(self, entity: str) -> JournalEntry:
        """What the last sync of an entity said."""
        return self.journal(entity)[-1]

    def calls(self, method: str = "", route: str = "") -> int:
        """How many SCIM calls Genesys Cloud has had, by method and part of the path."""
        return sum(
            1
            for call in self.genesys.calls
            if "/scim/" in call.path and (not method or call.method == method) and route in call.path
        )

    def parked(self, entity: str) -> list[str]:
        """Why items of an entity wait for a person."""
        return [parked.reason for parked in self.store.parked.values() if parked.entity == entity]

    def watch_okta(self) -> list[str]:
        """A list that grows by each request Okta gets from now on, as ``GET /api/v1/...``."""
        asked: list[str] = []
        self.okta.faults.add(Fault("", watched(lambda request: asked.append(f"{request.method} {request.path}"))))
        return asked

    def provisioned(self, count: int, origin: Origin = Origin.CREATED) -> list[str]:
        """Assigned users who have long been in Genesys Cloud, without any event or call; Okta ids."""
        known = len(self.okta.users.current)
        with self.okta.quietly():
            users = [self.person(f"Person{number:05} Test") for number in range(known, known + count)]
        for okta_id in users:
            self.link_account(okta_id, origin)
        return users

    def link_account(self, okta_id: str, origin: Origin = Origin.CREATED) -> str:
        """Give an assigned user the account that they have long had in Genesys Cloud; its id."""
        login = self.okta.users.current[okta_id].login
        genesys_id = self.genesys.add_user(
            {"userName": login, "displayName": login, "active": True, "externalId": okta_id}
        )
        self.store.owner_of[genesys_id] = f"user:{okta_id}"
        self.store.user_links[okta_id] = UserLink(
            okta_id,
            state=UserState.LINKED,
            genesys_id=genesys_id,
            active=True,
            origin=origin,
            status="ACTIVE",
            assigned=True,
            epoch=self.store.app().epoch,
        )
        return genesys_id

    def genesys_ids(self, okta_ids: Iterable[str]) -> list[str]:
        """Ids of their Genesys Cloud users."""
        return [self.store.user_links[okta_id].genesys_id for okta_id in okta_ids]

    def hold(self, okta_group: str) -> tuple[str, str, set[str]]:
        """State and reason of the group's newest hold, and whom it stages; empty texts without one."""
        hold = self.store.hold(f"group:{okta_group}")
        if hold is None:
            return "", "", set()
        return hold.state.value, hold.reason, set(self.store.staged(hold.entity, hold.number))

    def assert_users_equal(self) -> None:
        """Every Okta user who is assigned and usable has one active account with the same values; others none."""
        usable = {"PROVISIONED", "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"}
        assigned = self.okta.assignments[APP_ID].current
        found: dict[str, list[dict[str, Any]]] = {}
        for account in self.accounts():
            found.setdefault(account.get("externalId", ""), []).append(account)
        for user_id, user in self.okta.users.current.items():
            accounts = found.pop(user_id, [])
            if not (user.status in usable and user_id in assigned):
                assert not any(account["active"] for account in accounts), f"{user_id} is still active"
                continue
            assert len(accounts) == 1, f"{user_id} has {len(accounts)} accounts"
            [account] = accounts
            assert account["active"] is True, f"{user_id} is inactive"
            assert account["userName"] == user.profile["email"]
            assert account.get("title") == user.profile.get("title")
            phones = {entry["type"]: entry["value"] for entry in account.get("phoneNumbers", ())}
            assert phones.get("mobile") == user.profile.get("mobilePhone")
        gone = [account for accounts in found.values() for account in accounts if account["active"]]
        assert not gone, "somebody whom Okta does not know is active"
