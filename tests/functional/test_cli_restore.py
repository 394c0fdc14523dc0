"""A restore from a recovered table, on the real store: a company went on changing, and nobody is removed too early."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto import mock_aws

from bridge.aws.store.dynamo import DynamoStore
from bridge.provisioning.hold_records import HoldState, RemovalState
from bridge.provisioning.records import Due
from bridge.provisioning.runs import Phase, Run
from bridge.provisioning.user_records import UserLink
from bridge_cli.restoring import MARGIN
from tests.stages.cli_office import Office
from tests.stages.cli_stage import FakeAws
from tests.stages.operations_stage import Stage
from tests.world import ORGANISATION, World

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: A whole comparison, and more than the ceilings' window of 24 hours.
WINDOW_HOURS = 24.5


@pytest.fixture
def dynamo() -> Iterator[DynamoDBClient]:
    """DynamoDB as moto plays it, with the stack's two tables."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
        make_table(client, "state", "pk", "sk")
        make_table(client, "idempotency", "id")
        yield client


def make_table(client: DynamoDBClient, name: str, *keys: str) -> None:
    """A table with these keys."""
    kinds = ("HASH", "RANGE")
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, kinds, strict=False)],  # type: ignore[typeddict-item] # the two kinds
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        BillingMode="PAY_PER_REQUEST",
    )


@dataclass
class Recovery(FakeAws):
    """AWS with a DynamoDB, and a stack that names its tables."""

    dynamo: Any = None

    def client(self, service: str, /, **options: Any) -> Any:
        """DynamoDB's own client; one for all other services."""
        return self.dynamo if service == "dynamodb" else super().client(service, **options)

    def describe_stack_resource(self, *, StackName: str, LogicalResourceId: str) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        """CloudFormation's answer."""
        assert StackName == "prod"
        names = {"StateTable": "state", "IdempotencyTable": "idempotency"}
        return {"StackResourceDetail": {"PhysicalResourceId": names[LogicalResourceId]}}


class Company:
    """A company whose bridge keeps its records in DynamoDB, and an administrator of it."""

    def __init__(self, client: DynamoDBClient) -> None:
        self.dynamo = client
        self.world = world = World()
        self.store = DynamoStore(client, "state")
        world.store = cast("Any", self.store)
        self.store.set_bootstrapped()
        self.store.note_reconciled("enforce")
        self.store.confirm_organisation(ORGANISATION)
        world.restart()
        self.office = Office(Stage(world))
        self.office.aws = Recovery(self.office.aws.functions, dynamo=client)
        self.people = world.people(12)
        self.world.happen()
        self.group, self.genesys_group = world.linked_group("Support", self.people[:10])

    def back_up(self) -> None:
        """The state table as it is now, in another one."""
        make_table(self.dynamo, "recovered", "pk", "sk")
        for item in self.dynamo.scan(TableName="state")["Items"]:
            self.dynamo.put_item(TableName="recovered", Item=item)

    def restore(self) -> str:
        """Pause, restore, and read the queues again; what was said."""
        self.dynamo.put_item(TableName="idempotency", Item={"id": {"S": "item"}, "status": {"S": "COMPLETED"}})
        self.office.bridge("pause everything --yes")
        said = self.office.bridge("restore --from recovered --yes").out
        assert self.dynamo.scan(TableName="idempotency")["Count"] == 0
        self.world.idempotency.records.clear()
        self.office.bridge("resume everything --yes")
        self.world.restart()
        return said

    def should_be_in(self) -> set[str]:
        """Okta ids of those whom Okta's group has and who may work."""
        world = self.world
        wanted = world.okta.members(self.group)
        return {okta_id for okta_id in wanted if world.okta.users.current[okta_id].status == "ACTIVE"}

    def require_access(self) -> None:
        """Everybody who should have access has it."""
        world = self.world
        for okta_id, user in world.okta.users.current.items():
            link = self.store.user(okta_id)
            if user.status == "ACTIVE" and okta_id in self.people and link is not None and link.genesys_id:
                assigned = okta_id in world.okta.assignments["0oaGenesysCloudApp5d"].current
                assert not assigned or world.account(okta_id)["active"], f"{okta_id} lost access"
        assert self.should_be_in() & set(self.people[:10]) <= world.members(self.genesys_group)


def test_a_company_that_went_on_changing_ends_as_okta_says(dynamo: DynamoDBClient) -> None:
    """Hires, leavers, new names and groups since the backup; a leaver ends at once, all other removals wait."""
    company = Company(dynamo)
    world, people = company.world, company.people
    company.back_up()
    hire = world.person("Nina New")
    people.append(hire)
    world.okta.add_members(company.group, [hire, people[10]])
    world.okta.deactivate(people[0])
    world.okta.update_profile(people[1], {"title": "Lead"})
    world.okta.remove_members(company.group, [people[2]])
    world.okta.unassign_user(people[11])
    world.happen()
    assert world.members(company.genesys_group) >= {hire, people[10]}
    assert people[2] not in world.members(company.genesys_group)
    world.okta.deactivate(people[3])
    world.okta.unassign_user(people[4])
    world.okta.remove_members(company.group, [people[5]])
    world.okta.update_profile(people[1], {"title": "Chief"})
    said = company.restore()
    assert "12 users, 1 groups" in said
    company.require_access()
    world.happen()
    assert world.account(people[3])["active"] is False
    assert world.account(people[0])["active"] is False
    assert world.account(people[4])["active"] is True, "a missing assignment waits"
    assert people[5] in world.members(company.genesys_group), "a removal waits"
    assert (status := company.office.ask("status"))["paused_removals"]
    assert (status["bootstrapped"], bool(status["restored"])) == (False, True)
    assert "removals-paused" not in [need["problem"] for need in status["needs"]], "it ends by itself alone"
    assert "-05:00, and until a comparison of everything has ended" in company.office.bridge("status").out
    run = world.reconcile_whole()
    assert not run.failed
    company.require_access()
    assert world.account(people[4])["active"] is True
    assert people[5] in world.members(company.genesys_group)
    world.reconcile("continue")
    assert company.store.app().restored is not None, "the window has not passed"
    company.office.bridge("resume removals --yes")
    world.pass_time(WINDOW_HOURS)
    assert people[5] in world.members(company.genesys_group), "nothing ends the holding but the tick"
    world.reconcile("continue")
    assert company.store.app().restored is None
    assert company.store.app().removals_paused is False
    world.settle()
    world.reconcile_whole()
    company.require_access()
    world.assert_users_equal()
    active = {okta_id for okta_id in people if world.account(okta_id)["active"]}
    assert active & world.members(company.genesys_group) == active & world.okta.members(company.group)
    assert company.office.ask("status")["restored"] is None


@pytest.mark.parametrize("end", ["unassigned", "deactivated", "deleted"])
def test_who_was_hired_after_the_backup_and_has_left_is_ended(dynamo: DynamoDBClient, end: str) -> None:
    """No record knows of their account, which bears their id."""
    company = Company(dynamo)
    world = company.world
    company.back_up()
    leaver, stays = world.person("Nina New"), world.person("Noah New")
    world.happen()
    assert world.account(leaver)["active"]
    company.restore()
    if end == "unassigned":
        world.okta.unassign_user(leaver)
    else:
        world.okta.deactivate(leaver)
    if end == "deleted":
        world.okta.delete(leaver)
    world.happen()
    world.reconcile_whole()
    world.pass_time(WINDOW_HOURS)
    world.reconcile("continue")
    world.settle()
    assert world.account(leaver)["active"] is False
    assert world.account(stays)["active"] is True


def test_a_restore_holds_removals_until_everything_was_compared(dynamo: DynamoDBClient) -> None:
    """The window has passed, but the first comparison has only begun."""
    company = Company(dynamo)
    company.back_up()
    company.restore()
    company.world.pass_time(WINDOW_HOURS)
    run = company.world.reconcile("continue")
    assert run.unfinished
    assert company.store.app().restored is not None
    company.world.reconcile_whole()
    company.world.reconcile("continue")
    assert company.store.app().restored is None


def test_only_what_still_means_something_comes_back(dynamo: DynamoDBClient) -> None:
    """Numbers never go back; counted removals and exceptions stay; permits, approvals, dues and open holds do not."""
    company = Company(dynamo)
    store, people, now = company.store, company.people, company.world.clock.now()
    entity = f"group:{company.group}"
    store.reserve(entity, people[:2], now)
    store.permit(entity, people[2:3], now)
    store.reserve("app-permits", people[2:3], now)
    store.add_exceptions(entity, people[6:7])
    store.add_due(people[0])
    store.note_due(Due(f"user:{people[0]}", "test", now))
    company.office.stage.ask("group.ceiling", entity=entity, count=7, percent=None)
    company.back_up()
    for _ in range(5):
        store.begin_user_sync(people[0])
    company.office.stage.open_hold(entity, *people[3:5])
    store.remove_exceptions(entity, people[6:7])
    store.remove_due([people[0]])
    store.settle_due(f"user:{people[0]}", "test")
    later = now + timedelta(hours=1)
    store.complete(entity, people[:1], later)
    before, app = store.user(people[0]), store.app()
    link = store.group(company.group)
    assert before is not None
    assert link is not None
    assert link.ceiling == 7
    store.save_group(replace(store.begin_group_sync(company.group), ceiling=None))
    company.restore()
    after = store.user(people[0])
    assert after is not None
    assert (after.sync_number, after.genesys_id) == (before.sync_number + MARGIN, before.genesys_id)
    assert after.known_active is None, "whatever was written since is not known"
    assert store.owners([after.genesys_id]) == {after.genesys_id: f"user:{people[0]}"}
    restored = store.app()
    assert restored.sync_number > app.sync_number
    assert restored.epoch > app.epoch
    assert restored.organisation == ORGANISATION
    assert store.removals(entity, now) == {*people[:2]}
    done = store.leaving(entity, people[0]).removals.get(entity)
    assert done is not None
    assert (done.state, done.at) == (RemovalState.DONE, later)
    assert store.permitted(entity, now) == frozenset()
    assert store.removals("app-permits", now) == frozenset()
    assert store.exceptions(entity) == {people[6]}
    assert (store.due(), store.dues()) == ([], [])
    assert store.open_hold_entities() == []
    group = store.group(company.group)
    assert group is not None
    assert (group.ceiling, group.genesys_id) == (7, company.genesys_group)


def test_a_link_newer_than_the_backup_is_let_go_and_found_again(dynamo: DynamoDBClient) -> None:
    """Its account is the same one afterwards; what an operator decided about a newer group stays."""
    company = Company(dynamo)
    world, store = company.world, company.store
    company.back_up()
    hire = world.person("Nina New")
    group, genesys_group = world.linked_group("Sales", [hire, company.people[0]])
    company.office.bridge(f"group link {group} --yes")
    world.happen()
    before = store.user(hire)
    assert before is not None
    company.restore()
    fresh, kept = store.user(hire), store.group(group)
    assert fresh == UserLink(hire, sync_number=before.sync_number + MARGIN)
    assert kept is not None
    assert (kept.linked_by, kept.genesys_id) == ("operator", "")
    assert store.owners([before.genesys_id, genesys_group]) == {}
    world.settle()
    world.reconcile_whole()
    again, linked = store.user(hire), store.group(group)
    assert again is not None
    assert linked is not None
    assert (again.genesys_id, linked.genesys_id) == (before.genesys_id, genesys_group)
    assert world.members(genesys_group) == {hire, company.people[0]}


def test_a_run_that_was_under_way_is_no_whole_one(dynamo: DynamoDBClient) -> None:
    """It had seen what is gone now: it ends as failed, and a new one begins by itself."""
    company = Company(dynamo)
    company.back_up()
    run = company.store.save_run(Run(number=1, mode="enforce", started=company.world.clock.now(), phase=Phase.CLOSING))
    company.restore()
    ended = company.store.run()
    assert ended is not None
    assert (ended.failed, ended.number) == ("restored", run.number)
    assert company.store.app().bootstrapped is False
    assert company.world.reconcile("continue").number == run.number + 1
    assert company.store.app().bootstrapped is False


def test_nothing_is_restored_while_the_queues_are_read(dynamo: DynamoDBClient) -> None:
    """Refused with the command that comes first; and a table that is not there, or is the same one, likewise."""
    company = Company(dynamo)
    ran = company.office.bridge("restore --from recovered --yes", code=1)
    assert "First: bridge pause everything --stack prod" in ran.err
    company.office.bridge("pause everything --yes")
    before = company.store.app()
    assert "There is no table recovered" in company.office.bridge("restore --from recovered --yes", code=2).err
    assert "is the state table itself" in company.office.bridge("restore --from state --yes", code=2).err
    company.back_up()
    shown = company.office.bridge("restore --from recovered", code=2)
    assert "Every removal is held" in shown.out
    assert "nobody is here to answer: Restore state from recovered?" in shown.err
    assert company.store.app() == before


def test_a_table_of_another_organization_is_refused(dynamo: DynamoDBClient) -> None:
    """Its links lead to accounts that are not ours: nothing is written."""
    company = Company(dynamo)
    company.back_up()
    DynamoStore(dynamo, "recovered").confirm_organisation("another organization")
    company.office.bridge("pause everything --yes")
    before = dynamo.scan(TableName="state")["Items"]
    ran = company.office.bridge("restore --from recovered --yes", code=2)
    assert "recovered is of another Genesys Cloud organization than state" in ran.err
    assert dynamo.scan(TableName="state")["Items"] == before


def test_a_state_table_that_is_lost_is_rebuilt_by_matching(dynamo: DynamoDBClient) -> None:
    """Without any backup: nobody loses access, each account is found again, and removals wait for a person at first."""
    company = Company(dynamo)
    world = company.world
    accounts = {okta_id: world.account(okta_id)["id"] for okta_id in company.people}
    dynamo.delete_table(TableName="state")
    make_table(dynamo, "state", "pk", "sk")
    world.okta.deactivate(company.people[0])
    world.okta.remove_members(company.group, [company.people[1]])
    world.okta.assign_group(company.group)
    world.restart()
    world.happen()
    assert world.account(company.people[0])["active"] is False
    run = world.reconcile_whole()
    assert not run.failed
    assert company.people[1] in world.members(company.genesys_group), "the first removals of a link are held"
    assert {okta_id: world.account(okta_id)["id"] for okta_id in company.people} == accounts
    for okta_id in company.people[1:]:
        link = company.store.user(okta_id)
        assert link is not None
        assert link.genesys_id == accounts[okta_id]
    world.assert_users_equal()


def test_what_a_person_decided_meanwhile_stands(dynamo: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rejection that was given while a restore holds is carried out when it ends, and an operator's pause stays."""
    company = Company(dynamo)
    world, people = company.world, company.people
    monkeypatch.setattr("botocore.auth.get_current_datetime", world.clock.now)  # signatures bear the world's time
    company.back_up()
    company.restore()
    world.okta.remove_members(company.group, people[:2])
    world.happen()
    world.reconcile_whole()
    company.office.bridge(f"holds reject {company.group} --why OPS-7 --yes")
    company.office.bridge("pause removals --yes")
    world.pass_time(WINDOW_HOURS)
    world.reconcile("continue")
    app = company.store.app()
    assert (app.restored, app.removals_paused) == (None, True)
    world.settle()
    assert world.members(company.genesys_group) >= set(people[:2])
    company.office.bridge("resume removals --yes")
    world.settle()
    assert company.store.exceptions(f"group:{company.group}") == set(people[:2])
    assert world.members(company.genesys_group) >= set(people[:2])


def test_more_than_a_ceiling_waits_for_a_person_after_a_restore(
    dynamo: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the restore held is judged by the ceilings, and is no permission."""
    company = Company(dynamo)
    world, people = company.world, company.people
    monkeypatch.setattr("botocore.auth.get_current_datetime", world.clock.now)  # signatures bear the world's time
    world.variables["GROUP_REMOVAL_CEILING"] = "2"
    world.restart()
    company.back_up()
    company.restore()
    world.okta.remove_members(company.group, people[:5])
    world.happen()
    world.reconcile_whole()
    world.pass_time(WINDOW_HOURS)
    world.reconcile("continue")
    world.settle()
    assert company.store.app().restored is None
    assert world.members(company.genesys_group) >= set(people[:5])
    hold = company.store.hold(f"group:{company.group}")
    assert hold is not None
    assert (hold.number, hold.state, hold.reason) == (2, HoldState.OPEN, "ceiling-count")
    company.office.bridge(f"holds approve {company.group} --why OPS-8 --wait --yes")
    assert not world.members(company.genesys_group) & set(people[:5])


def test_a_group_renamed_and_a_removal_approved_since_the_backup_stay_so(
    dynamo: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link keeps its group under the new name, whom an approval removed stays out, and nobody else goes."""
    company = Company(dynamo)
    world, people = company.world, company.people
    monkeypatch.setattr("botocore.auth.get_current_datetime", world.clock.now)  # signatures bear the world's time
    world.variables["GROUP_REMOVAL_CEILING"] = "2"
    world.restart()
    company.back_up()
    world.okta.remove_members(company.group, people[:5])
    world.okta.rename_group(company.group, "Care")
    world.happen()
    company.office.bridge(f"holds approve {company.group} --why OPS-9 --wait --yes")
    assert world.members(company.genesys_group) == set(people[5:10])
    company.restore()
    company.require_access()
    world.happen()
    world.reconcile_whole()
    world.pass_time(WINDOW_HOURS)
    world.reconcile("continue")
    world.settle()
    assert company.store.app().restored is None
    link = company.store.group(company.group)
    assert link is not None
    assert (link.genesys_id, company.store.open_hold_entities()) == (company.genesys_group, [])
    assert world.members(company.genesys_group) == set(people[5:10]) == world.okta.members(company.group)
    world.assert_users_equal()
