"""A day without Genesys Cloud, without Okta, without a role: nothing is lost, nothing is parked, then all is well."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge.errors import Transient
from bridge.outbound.breaker import LEASE, LONGEST_WAIT
from bridge.provisioning.records import AppState, JournalEntry
from bridge_local.faults import Effect, Fault, cut, html, late, lost
from bridge_local.genesys import faults as genesys_faults
from bridge_local.memory import MemoryStore
from bridge_local.okta import faults as okta_faults
from tests.world import World

pytestmark = pytest.mark.proof

HOURS = 24


def genesys(effect: Effect, match: str = "") -> Callable[[World], None]:
    """Genesys Cloud fails so, no matter who asks."""

    def begin(world: World) -> None:
        world.genesys.faults.add(Fault(match, effect))

    return begin


def okta(effect: Effect, match: str = "/api/v1/") -> Callable[[World], None]:
    """Okta fails so, no matter who asks."""

    def begin(world: World) -> None:
        world.okta.faults.add(Fault(match, effect))

    return begin


def revoke(world: World) -> None:
    """The tokens are worthless and no others are to be had."""
    world.genesys.revoke_tokens()
    world.genesys.faults.add(Fault("oauth/token", genesys_faults.refused(503)))


def take_genesys_role(world: World) -> None:
    """Somebody takes the SCIM role away from the client."""
    world.genesys.take_role()


def take_okta_role(world: World) -> None:
    """Somebody takes the administrator role away from the token."""
    world.okta.switches.role_missing = True


def change_genesys_secret(world: World) -> None:
    """Somebody gives the client another secret: 401 from the login host."""
    world.genesys.revoke_tokens()
    world.genesys.tokens.client_secret = "another"


def break_genesys_client(world: World) -> None:
    """The login host answers 400."""
    world.genesys.revoke_tokens()
    world.genesys.faults.add(Fault("oauth/token", genesys_faults.refused(400)))


def end(world: World) -> None:
    """Everything works again."""
    world.genesys.faults.clear()
    world.genesys.tokens.client_secret = "client-secret"
    world.okta.faults.clear()
    world.genesys.give_role()
    world.okta.switches.role_missing = False


class Unreachable(MemoryStore):
    """A state table that answers nobody."""

    def app(self) -> AppState:
        """Out of reach."""
        raise Transient("store-unreachable", upstream="store")

    def write(self, entry: JournalEntry) -> None:  # noqa: ARG002 - as the store's
        """Out of reach."""
        raise Transient("store-unreachable", upstream="store")


@pytest.mark.parametrize(
    ("begin", "seconds"),
    [
        pytest.param(genesys(genesys_faults.refused(503)), 900, id="Genesys Cloud answers 503"),
        pytest.param(genesys(genesys_faults.refused(500)), 3600, id="Genesys Cloud answers 500"),
        pytest.param(genesys(cut()), 3600, id="Genesys Cloud cuts every connection"),
        pytest.param(genesys(late(1)), 3600, id="Genesys Cloud is slow, and nothing else"),
        pytest.param(genesys(lost(), "scim"), 3600, id="every answer of Genesys Cloud is lost"),
        pytest.param(genesys(genesys_faults.rate_limited(), "scim"), 3600, id="Genesys Cloud allows no call"),
        pytest.param(genesys(genesys_faults.rate_limited(), "oauth"), 3600, id="Genesys Cloud gives no token"),
        pytest.param(revoke, 3600, id="the login host answers 503"),
        pytest.param(take_genesys_role, 3600, id="the role in Genesys Cloud is taken"),
        pytest.param(okta(okta_faults.refused(500)), 3600, id="Okta answers 500"),
        pytest.param(okta(okta_faults.refused(503)), 3600, id="Okta answers 503"),
        pytest.param(okta(cut()), 3600, id="Okta cuts every connection"),
        pytest.param(okta(okta_faults.rate_limited()), 3600, id="Okta allows no call"),
        pytest.param(okta(html()), 3600, id="Okta answers with a web page"),
        pytest.param(okta(okta_faults.refused(404), "/apps/[^/]+(/groups.*)?$"), 3600, id="Okta hides the application"),
        pytest.param(take_okta_role, 3600, id="the role in Okta is taken"),
    ],
)
def test_a_day_of_it(begin: Callable[[World], None], seconds: int) -> None:
    """Joiners, changes, leavers and group changes of the day all wait, unparked, and are all done afterwards."""
    world = World({"BACKOFF_LIMIT_SECONDS": str(seconds)})
    ada, ben, cleo, dan = (world.person(name) for name in ("Ada Brook", "Ben Dale", "Cleo Elm", "Dan Ford"))
    world.happen()
    okta_id, genesys_id = world.linked_group("Agents", [ada, ben, dan])
    begin(world)
    world.okta.update_profile(ada, {"title": "Adviser"})
    world.okta.remove_members(okta_id, [ben])
    world.okta.add_members(okta_id, [cleo])
    world.okta.unassign_user(dan)
    world.deliver()
    world.pass_time(hours=HOURS / 2)
    eve = world.person("Eve Gray")
    outsider = world.person("Ola Outsider", assigned=False)
    world.okta.add_members(okta_id, [eve, outsider])
    world.okta.deactivate(ben)
    world.deliver()
    world.pass_time(hours=HOURS / 2)
    assert not world.store.parked
    assert not world.queues.dead_letters
    end(world)
    world.settle()
    assert not world.store.parked
    assert not world.queues.dead_letters
    assert world.account(ada)["title"] == "Adviser"
    active = {user["externalId"]: user["active"] for user in world.accounts()}
    assert active == {ada: True, ben: False, cleo: True, dan: False, eve: True}
    assert world.members(genesys_id) - {dan} == {ada, cleo, eve} | (world.members(genesys_id) & {ben})
    assert world.hold(okta_id) == ("", "", set())


#: Seconds within which a leaver is deactivated once the upstream works again, after an outage of up to 28 hours: the
#: longest backoff and a lease.
LEAVER_SECONDS = 300 + LEASE
#: Seconds within which everybody else's items have gone on: others may have probed just before, in vain.
ALL_SECONDS = LEAVER_SECONDS + LONGEST_WAIT
#: Calls that a day of an outage may cost: about one probe in five minutes, and one in three quarters of a minute at
#: the most while leavers wait, each with a second try.
PROBES_A_DAY = 2 * 24 * 3600 // LEASE


@pytest.mark.parametrize(
    ("begin", "down"),
    [
        pytest.param(genesys(genesys_faults.refused(503)), "genesys", id="Genesys Cloud answers 503"),
        pytest.param(genesys(cut()), "genesys", id="Genesys Cloud refuses every connection"),
        pytest.param(take_genesys_role, "genesys", id="the role in Genesys Cloud is taken"),
        pytest.param(change_genesys_secret, "genesys", id="the client's secret is wrong"),
        pytest.param(break_genesys_client, "genesys", id="the token endpoint answers 400"),
        pytest.param(okta(okta_faults.refused(503)), "okta", id="Okta answers 503"),
        pytest.param(okta(cut()), "okta", id="Okta refuses every connection"),
        pytest.param(take_okta_role, "okta", id="the role in Okta is taken"),
    ],
)
def test_a_day_costs_few_calls(begin: Callable[[World], None], down: str) -> None:
    """Changes wait, neither upstream is called for them, a leaver is gone within minutes, all is done at last."""
    world = World()
    users = world.provisioned(12)
    leaver, stays = users[0], users[1:]
    okta_id, genesys_id = world.linked_group("Agents", stays[:5])
    asked = world.watch_okta()
    begin(world)
    for user in stays:
        world.okta.update_profile(user, {"title": "Adviser"})
    world.okta.add_members(okta_id, stays[5:10])
    world.deliver(each=True)
    asked.clear()
    called = len(world.genesys.calls)
    world.pass_time(hours=HOURS / 2)
    world.okta.deactivate(leaver)
    world.deliver()
    world.pass_time(hours=HOURS / 2)
    calls = {"okta": len(asked), "genesys": len(world.genesys.calls) - called}
    assert 10 * HOURS < calls[down] < PROBES_A_DAY
    assert not world.store.parked
    assert not world.queues.dead_letters
    end(world)
    world.pass_time(hours=LEAVER_SECONDS / 3600)
    assert world.account(leaver)["active"] is False
    world.pass_time(hours=(ALL_SECONDS - LEAVER_SECONDS) / 3600)
    assert not world.store.breaker(down).open
    assert {world.account(user)["title"] for user in stays} == {"Adviser"}
    world.settle(hours=1)
    assert world.members(genesys_id) == set(stays[:10])
    assert not world.store.parked
    assert not world.queues.dead_letters


def test_a_recovery_in_fits_and_starts_parks_nobody() -> None:
    """After hours of 503 half of the calls still fail for an hour: items with many receives are not given up."""
    world = World(seed=3)
    users = [world.person(f"Person{number} Test") for number in range(8)]
    fault = world.genesys.faults.add(Fault("scim", genesys_faults.refused(503)))
    world.deliver()
    world.pass_time(hours=3)
    assert min(message.receives for queue in world.queues.queues.values() for message in queue.messages) > 30
    fault.probability = 0.5
    world.pass_time(hours=1)
    world.genesys.faults.clear()
    world.settle()
    assert not world.store.parked
    assert {user["externalId"] for user in world.accounts()} == set(users)


def test_a_state_table_out_of_reach_costs_only_time() -> None:
    """The bridge's own memory fails for hours: every item waits, nothing is done twice."""
    world = World()
    ada = world.person("Ada Brook")
    kept = world.store
    world.store = Unreachable()
    world.restart()
    world.deliver()
    world.pass_time(hours=3)
    assert world.queues.depth() >= 1
    world.store = kept
    world.restart()
    world.settle()
    assert world.account(ada)["active"] is True
    assert world.calls("POST") == 1
