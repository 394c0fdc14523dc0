"""One wrong link mended by a person, over the real functions: previewed, refused where it is somebody else's."""

from __future__ import annotations

import pytest

from bridge.provisioning.user_records import UserState
from tests.stages.cli_office import Office

NAMES = "stack-Operations-1A:names"


@pytest.fixture
def office() -> Office:
    """A company in enforce mode, and an operator who may see names."""
    office = Office()
    office.aws.functions[NAMES] = lambda payload: office.stage.operations.handle(payload, reader=True, names=True)
    return office


def account(office: Office, name: str, external: str = "", *, active: bool = True) -> str:
    """A Genesys Cloud user."""
    bears = {"externalId": external} if external else {}
    return office.stage.world.genesys.add_user(
        {"userName": f"{name}@example.com", "displayName": name, "active": active, **bears}
    )


def linked(office: Office, okta_id: str) -> str:
    """The account of a user's link, empty without one."""
    link = office.stage.world.store.user(okta_id)
    return link.genesys_id if link is not None else ""


def active(office: Office, genesys_id: str) -> bool:
    """Whether an account is active."""
    return next(bool(each["active"]) for each in office.stage.world.accounts() if each["id"] == genesys_id)


def test_a_link_is_previewed_then_written_and_synced(office: Office) -> None:
    """Both accounts, the records, and what the next sync would do; the sync that follows does just that."""
    world = office.stage.world
    (ada,) = world.provisioned(1)
    wrong, right = linked(office, ada), account(office, "ada.right")
    world.genesys.edit_user(wrong, {"userName": "somebody@example.com"})
    shown = office.bridge(f"user link {ada} ada.right@example.com", typed="n\n", code=1).out
    for words in (
        wrong,
        right,
        "ada.right@example.com",
        f"{wrong} belongs to nobody",
        "would PATCH users/" + right,
        "remove externalId",
    ):
        assert words in shown
    assert linked(office, ada) == wrong
    document = office.ask(f"user link {ada} {right} --yes")
    assert (document["applied"], document["before"]["account"], document["after"]["account"]) == (True, wrong, right)
    assert linked(office, ada) == right
    assert world.store.owners([wrong, right]) == {right: f"user:{ada}"}
    world.settle()
    assert next(each for each in world.accounts() if each["id"] == right)["externalId"] == ada
    assert active(office, wrong)


def test_what_is_somebody_elses_is_refused(office: Office) -> None:
    """Linked to another, or bearing the id of one who is there in Okta and has no other account; nothing is written."""
    world = office.stage.world
    ada, bea = world.provisioned(2)
    with world.okta.quietly():
        cy = world.person("Cy Doe")
    of_cy, unknown = account(office, "cy.native", external=cy), "00000000-0000-4000-8000-000000000000"
    before = {each: linked(office, each) for each in (ada, bea)}
    for wanted, says in (
        (before[bea], f"is linked to user:{bea}"),
        (of_cy, f"bears the id of user:{cy}"),
        (before[ada], "already"),
        (unknown, "Genesys Cloud shows no user"),
    ):
        assert says in office.bridge(f"user link {ada} {wanted} --yes", code=1).err
    assert {each: linked(office, each) for each in (ada, bea)} == before
    world.okta.suspend(cy)
    assert "bears the id" in office.bridge(f"user link {ada} {of_cy} --yes", code=1).err
    world.okta.deactivate(cy)
    office.bridge(f"user link {ada} {of_cy} --yes")
    assert linked(office, ada) == of_cy


def test_two_links_that_were_mixed_up_can_be_put_right(office: Office) -> None:
    """Each account bears the other's id: the first goes to its new account, then the second may have what was freed."""
    world = office.stage.world
    ada, bea = world.provisioned(2)
    a, b, spare = linked(office, ada), linked(office, bea), account(office, "ada.spare")
    world.genesys.edit_user(a, {"userName": "first@example.com"})
    world.genesys.edit_user(b, {"userName": "second@example.com"})
    office.bridge(f"user link {ada} {spare} --yes")
    office.bridge(f"user link {bea} {a} --yes")
    world.settle()
    assert (linked(office, ada), linked(office, bea)) == (spare, a)
    assert [active(office, each) for each in (a, b, spare)] == [True, True, True]
    assert next(each for each in world.accounts() if each["id"] == a)["externalId"] == bea


def test_an_unlink_ends_nobodys_access(office: Office) -> None:
    """The account stays active and is nobody's; the preview says that the next sync takes it again, and it does."""
    world = office.stage.world
    (ada,) = world.provisioned(1)
    held = linked(office, ada)
    shown = office.bridge(f"user unlink {ada}", typed="y\n").out
    assert "would-adopt" in shown
    link = world.store.user(ada)
    assert link is not None
    assert (link.state, link.genesys_id, world.store.owners([held])) == (UserState.WANTED, "", {})
    assert (office.stage.waiting(), active(office, held)) == ([], True)
    assert world.journal(f"user:{ada}")[-1].why == "unlinked-by-operator"
    assert "last sync" not in office.ask(f"explain user {ada}")["steps"][0]["says"]  # what a person did is no sync
    assert "linked to no account" in office.bridge(f"user unlink {ada} --yes", code=1).err
    office.bridge(f"sync user {ada} --yes")
    assert linked(office, ada) == held


def test_observe_mode_calls_nothing(office: Office) -> None:
    """The records change, and the account keeps the user's id."""
    world = office.stage.world
    world.variables["MODE"] = "observe"
    (ada,) = world.provisioned(1)
    office.stage.restart()
    held = linked(office, ada)
    office.bridge(f"user unlink {ada} --yes")
    assert linked(office, ada) == ""
    assert world.account(ada)["id"] == held
    assert world.calls("PATCH") == 0


def test_the_fence_of_the_user_is_taken(office: Office) -> None:
    """A sync under way starts again; what links otherwise between preview and answer is not written over."""
    world = office.stage.world
    ada, bea = world.provisioned(2)
    right = account(office, "ada.right")
    number = world.store.user_links[ada].sync_number
    office.stage.ask("user.link", entity=f"user:{ada}", account=right, apply=True)
    assert world.store.user_links[ada].sync_number > number
    begin = world.store.begin_user_sync

    def moved(okta_id: str) -> object:
        office.stage.world.store.begin_user_sync = begin  # type: ignore[method-assign] # once
        office.stage.ask("user.unlink", entity=f"user:{okta_id}", apply=True)
        return begin(okta_id)

    world.store.begin_user_sync = moved  # type: ignore[method-assign,assignment] # somebody comes between
    other = account(office, "bea.other")
    assert office.stage.refused("user.link", entity=f"user:{bea}", account=other, apply=True) == "refused"
    assert linked(office, bea) == ""


def test_rights_and_usage(office: Office) -> None:
    """Readers see the preview alone; an account that is none is wrong usage; only a link names one."""
    world = office.stage.world
    (ada,) = world.provisioned(1)
    right = account(office, "ada.right")
    stage = office.stage
    assert stage.ask("user.link", reader=True, entity=f"user:{ada}", account=right)["applied"] is False
    assert stage.refused("user.link", reader=True, entity=f"user:{ada}", account=right, apply=True) == "readers-may-not"
    assert stage.refused("user.link", entity=f"user:{ada}") == "invalid-request"
    assert stage.refused("user.unlink", entity=f"user:{ada}", account=right) == "invalid-request"
    office.bridge(f"user link {ada} not_one", code=2)
    assert "No account of Genesys Cloud" in office.bridge(f"user link {ada} x@example.com", code=2).err
    assert linked(office, ada) != right
