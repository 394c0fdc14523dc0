"""Accounts that were there before the bridge are taken with the fewest calls, and only as they were shown."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.items import Queue, parse_item
from bridge.provisioning.user_records import Origin
from bridge_local.faults import Fault, edited, lost, watched
from bridge_local.genesys.switches import GenesysSwitches
from tests.world import World

MOBILE = 'phoneNumbers[type eq "mobile"].value'


def before_the_bridge(*, first: bool = True, **switches: Any) -> World:
    """A company whose people have accounts already; with `first` no whole reconcile has ended yet."""
    return World(bootstrapped=not first, genesys_switches=GenesysSwitches(**switches))


def person(world: World, name: str, **profile: Any) -> str:
    """Somebody who is assigned, of whom no event tells."""
    with world.okta.quietly():
        return world.person(name, **profile)


def account(world: World, user_name: str, **attributes: Any) -> str:
    """Their account, made by hand."""
    return world.genesys.add_user({"userName": user_name, "displayName": "By hand", "active": True, **attributes})


def listed(world: World) -> None:
    """The first whole reconcile has listed both sides, and its items are in the queue."""
    assert world.reconcile("continue").waiting == "queues-not-empty"
    world.genesys.calls.clear()


def made(world: World) -> list[tuple[str, str, int]]:
    """The SCIM calls about users since then: method, route or filtered attribute, status."""
    return [
        (call.method, dict(call.query).get("filter", call.route).split(" ")[0], call.status)
        for call in world.genesys.calls
        if call.route.startswith("users")
    ]


# -------------------------------------------------------------------------------------- the first whole reconcile


def test_the_first_reconcile_adopts_with_one_call_and_creates_with_one() -> None:
    """Who was listed costs one PATCH that holds only for that version; of whom nobody's was shown, one POST."""
    world = before_the_bridge()
    ada = person(world, "Ada Brook", title="Adviser", mobilePhone="+14155550100")
    phone = {"type": "mobile", "value": "tel:+14155550199"}
    known = account(world, "ada.brook@example.com", phoneNumbers=[phone])
    new = person(world, "Bea Long", mobilePhone="+14155550101")
    conditions: list[str] = []
    world.genesys.faults.add(Fault("PATCH", watched(lambda request: conditions.append(request.headers["if-match"]))))
    listed(world)
    world.settle()
    assert sorted(made(world)) == [("PATCH", "users/{id}", 200), ("POST", "users", 201)]
    assert conditions == ['"1"']
    assert world.account(ada)["id"] == known
    assert world.account(ada)["phoneNumbers"] == [{"type": "mobile", "value": "+14155550100"}]
    assert (world.last(f"user:{ada}").outcome, world.last(f"user:{new}").outcome) == ("adopted", "created")
    assert world.store.user_links[ada].origin is Origin.ADOPTED
    world.reconcile_whole()
    world.assert_users_equal()
    assert made(world)[2:].count(("PATCH", "users/{id}", 200)) == 0


def test_what_an_item_carries_has_no_values() -> None:
    """The id and the version of an account, and the paths that hold something; what they hold stays behind."""
    world = before_the_bridge()
    ada = person(world, "Ada Brook")
    known = account(world, "ada.brook@example.com", phoneNumbers=[{"type": "mobile", "value": "tel:+14155550199"}])
    listed(world)
    event = world.queues.receive(Queue.USERS)
    assert event is not None
    [body] = [record["body"] for record in event["Records"]]
    item = parse_item(body)
    assert item.entity == f"user:{ada}"
    assert item.shown is not None
    assert (item.shown.id, item.shown.version, item.shown.held) == (known, '"1"', (MOBILE,))
    assert "ada" not in body.lower()
    assert "0199" not in body


@pytest.mark.parametrize("form", ["400", "409", "412"])
def test_an_account_that_changed_since_it_was_shown_is_read(form: str) -> None:
    """Somebody else's by now, it is left alone, and a new one is made; changed by hand alone, it is adopted."""
    world = before_the_bridge(version_conflict=form)
    ada, bea = person(world, "Ada Brook"), person(world, "Bea Long")
    renamed = account(world, "ada.brook@example.com", displayName="Somebody else")
    changed = account(world, "bea.long@example.com")
    listed(world)
    world.genesys.edit_user(renamed, {"userName": "somebody@example.com"})
    world.genesys.edit_user(changed, {"title": "By hand"})
    world.settle()
    assert world.account(ada)["id"] != renamed
    assert (world.genesys.user(renamed) or {})["displayName"] == "Somebody else"
    assert world.account(bea)["id"] == changed
    assert world.account(bea)["displayName"] == "Bea Long"


def test_what_was_shown_counts_for_the_name_it_was_looked_for_by() -> None:
    """Renamed in Okta since, somebody is matched by the new address; the account of the old one stays as it is."""
    world = before_the_bridge()
    ada = person(world, "Ada Brook")
    old, new = account(world, "ada.brook@example.com"), account(world, "ada.long@example.com")
    listed(world)
    with world.okta.quietly():
        world.okta.update_profile(ada, {"email": "ada.long@example.com"})
    world.settle()
    assert world.account(ada)["id"] == new
    assert (world.genesys.user(old) or {})["displayName"] == "By hand"


@pytest.mark.parametrize("first", [True, False])
def test_an_account_with_a_living_users_id_is_not_taken(first: bool) -> None:
    """Its externalId is another Okta user's who is there: it keeps that, and a person decides."""
    world = before_the_bridge(first=first)
    other = person(world, "Bea Long", assigned=False, email="shared@example.com")
    theirs = account(world, "shared@example.com", externalId=other)
    ada = world.person("Ada Brook", email="shared@example.com")
    if first:
        world.events()
        listed(world)
        world.settle()
    else:
        world.happen()
    assert world.parked(f"user:{ada}") == ["owned-by-another-user"]
    assert (world.genesys.user(theirs) or {})["externalId"] == other


def test_an_account_that_is_linked_already_is_not_taken() -> None:
    """By the records it is another user's, although it bears nobody's id."""
    world = before_the_bridge(first=False)
    owner = world.person("Bea Long", email="shared@example.com")
    world.happen()
    theirs = world.account(owner)["id"]
    world.genesys.edit_user(theirs, {"externalId": None})
    ada = world.person("Ada Brook", email="shared@example.com")
    world.happen()
    assert world.parked(f"user:{ada}") == ["owned-by-another-user"]
    assert (world.genesys.user(theirs) or {})["displayName"] == "Bea Long"


@pytest.mark.parametrize("taken", ["409", "allowed"])
def test_the_native_applications_account_is_found_whatever_its_address(taken: str) -> None:
    """The listing shows the person's id under another userName: nobody makes a second account."""
    world = before_the_bridge(external_id_taken=taken)
    ada = person(world, "Ada Brook")
    known = account(world, "old@example.com", externalId=ada)
    listed(world)
    world.settle()
    assert [each["id"] for each in world.accounts()] == [known]
    assert world.account(ada)["userName"] == "ada.brook@example.com"


@pytest.mark.parametrize("taken", ["409", "allowed"])
def test_of_two_accounts_that_a_listing_shows_the_one_with_the_address_is_left_alone(taken: str) -> None:
    """Another has the person's id: it is theirs, and a person decides about the address."""
    world = before_the_bridge(external_id_taken=taken)
    ada = person(world, "Ada Brook")
    other = account(world, "ada.brook@example.com")
    known = account(world, "old@example.com", externalId=ada)
    listed(world)
    world.settle()
    assert world.parked(f"user:{ada}") == ["user-name-taken"]
    assert world.account(ada)["id"] == known
    assert (world.genesys.user(other) or {})["displayName"] == "By hand"


def test_a_listing_that_was_cut_says_nothing_of_who_is_missing() -> None:
    """Fewer accounts than Genesys Cloud counts: who was not shown is looked for before one is made."""
    world = before_the_bridge(external_id_taken="allowed")
    ada = person(world, "Ada Brook")
    for number in range(30):
        account(world, f"other{number}@example.com")
    known = account(world, "old@example.com", externalId=ada)

    def cut(page: Any) -> Any:
        return {**page, "Resources": [each for each in page.get("Resources", ()) if each["id"] != known]}

    whole = Fault("GET /api/v2/scim/v2/users", edited(cut), when=lambda request: not request.param("filter"))
    world.genesys.faults.add(whole)
    listed(world)
    assert whole.met
    world.settle()
    assert world.account(ada)["id"] == known


@pytest.mark.parametrize("attributes", [{"active": False}, {"weak": True}, {"none": True}])
def test_an_account_without_a_version_to_hold_on_to_is_adopted_with_care(attributes: dict[str, bool]) -> None:
    """Inactive, or shown in no version that a condition could name: searched for, read, and written."""
    world = before_the_bridge(weak_etags="weak" in attributes, no_etags="none" in attributes)
    ada = person(world, "Ada Brook", title="Adviser")
    known = account(world, "ada.brook@example.com", active=attributes.get("active", True))
    listed(world)
    world.settle()
    assert (world.account(ada)["id"], world.account(ada)["active"]) == (known, True)
    assert world.account(ada)["title"] == "Adviser"
    assert ("GET", "users/{id}", 200) in made(world)


def test_a_value_that_is_refused_keeps_nobody_from_their_account() -> None:
    """The one PATCH is refused as a whole: the account is read, and everything else is written."""
    world = before_the_bridge(refused_attributes={"title"})
    ada = person(world, "Ada Brook", title="Adviser")
    known = account(world, "ada.brook@example.com")
    listed(world)
    world.settle()
    assert (world.account(ada)["id"], world.account(ada)["displayName"]) == (known, "Ada Brook")
    assert world.last(f"user:{ada}").refused == ("title",)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("leaves", [True, False])
def test_a_lost_answer_loses_no_account(first: bool, leaves: bool) -> None:
    """The account is found by the id that the write brought, also for who has left meanwhile."""
    world = before_the_bridge(first=first)
    ada = world.person("Ada Brook")
    known = account(world, "ada.brook@example.com")
    world.genesys.faults.add(Fault("PATCH", lost(), count=1))
    if first:
        world.events()
        listed(world)
    else:
        world.deliver()
    world.work(Queue.USERS)
    assert world.store.user_links[ada].posted is not None
    if leaves:
        world.okta.deactivate(ada)
        world.happen()
    world.settle()
    assert (world.account(ada)["id"], world.account(ada)["active"]) == (known, not leaves)
    assert world.store.user_links[ada].origin is Origin.ADOPTED
    outcomes = {entry.outcome for entry in world.journal(f"user:{ada}")}
    assert ("deactivated" if leaves else "adopted") in outcomes


# ------------------------------------------------------------------------------------------------------ by events


def test_after_a_conflict_the_next_are_searched_for_first_until_a_search_is_empty() -> None:
    """Two calls each while accounts are there, one each once they are not; never more than one search."""
    world = before_the_bridge(first=False)
    for name in ("ada", "bea"):
        account(world, f"{name}.brook@example.com")
    for name in ("Ada", "Bea", "Cleo", "Dan"):
        world.person(f"{name} Brook")
        world.happen()
    assert made(world) == [
        *[("POST", "users", 409), ("GET", "userName", 200), ("PATCH", "users/{id}", 200)],
        *[("GET", "userName", 200), ("PATCH", "users/{id}", 200)],
        *[("GET", "userName", 200), ("POST", "users", 201)],
        ("POST", "users", 201),
    ]
    world.assert_users_equal()


def test_a_search_that_trails_a_rename_takes_nothing() -> None:
    """The account that a search still shows under the name is another's by now: it is left as it is."""
    world = before_the_bridge(first=False, search_lag=120)
    old = account(world, "ada.brook@example.com")
    world.clock.advance(300)
    account(world, "bea.brook@example.com")
    world.clock.advance(300)
    world.person("Bea Brook")
    world.happen()
    world.genesys.edit_user(old, {"userName": "somebody@example.com"})
    ada = world.person("Ada Brook")
    world.happen()
    assert world.account(ada)["id"] != old
    assert (world.genesys.user(old) or {})["displayName"] == "By hand"
