"""``bridge map`` over the real function: what is wrong is named, what would change is counted."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from bridge.mapping.attribute_map import REQUIRED, AttributeMap
from bridge.mapping.source import MapText
from bridge.provisioning.elements import RATED, SKILLS, identity
from bridge.provisioning.scim import PHONES, PROFILE_PATHS
from bridge.settings import UserNameSource
from bridge_cli import ROOT
from bridge_cli.maps import line_of
from tests.stages.cli_office import Office
from tests.stages.cli_stage import OUTPUTS, FakeAws
from tests.stages.operations_stage import Stage

NAME = "/bridge/map"
DEFAULT = (ROOT / "layers/bridge/bridge/mapping/default_map.json").read_text("utf-8")


@dataclass
class Parameters(FakeAws):
    """AWS with one parameter and its history."""

    versions: list[str] = field(default_factory=list)

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        """SSM's answer."""
        assert Name == NAME
        return {"Parameter": {"Value": self.versions[-1]}}

    def get_parameter_history(self, *, Name: str, NextToken: str = "0") -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        """SSM's answer, one version a page."""
        assert Name == NAME
        if not self.versions:
            raise ClientError({"Error": {"Code": "ParameterNotFound", "Message": ""}}, "GetParameterHistory")
        number = int(NextToken)
        page = [{"Version": number + 1, "Value": self.versions[number], "LastModifiedDate": "then", "Tier": "Standard"}]
        more = {"NextToken": str(number + 1)} if number + 1 < len(self.versions) else {}
        return {"Parameters": page, **more}

    def put_parameter(self, *, Name: str, Value: str, Type: str, Overwrite: bool) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        """Likewise."""
        assert (Name, Type, Overwrite) == (NAME, "String", True)
        self.versions.append(Value)
        return {"Version": len(self.versions)}


class Admin:
    """A company of ten, and somebody who changes its map."""

    def __init__(self, tmp_path: Path) -> None:
        self.office = Office(Stage(variables={"ATTRIBUTE_MAP_PARAMETER": NAME}))
        self.world = self.office.stage.world
        self.aws = Parameters(self.office.aws.functions, outputs=OUTPUTS, versions=[DEFAULT])
        self.office.aws = self.aws
        self.people = self.world.provisioned(10)
        self.file = tmp_path / "map.json"

    def write(self, change: str = "", **entry: Any) -> str:
        """A file with the default map, changed: an entry more or another one; its name."""
        document = json.loads(DEFAULT)
        attributes = [each for each in document["attributes"] if each["target"] != entry.get("target")]
        document["attributes"] = [*attributes, entry] if entry else attributes
        self.file.write_text(change or json.dumps(document, indent=1), "utf-8")
        return str(self.file)


@pytest.fixture
def admin(tmp_path: Path) -> Admin:
    """Everybody is provisioned by the default map."""
    return Admin(tmp_path)


def test_the_default_map_is_right(admin: Admin) -> None:
    """So is what `show` prints."""
    shown = admin.office.ask("map show")["map"]
    admin.file.write_text(json.dumps(shown), "utf-8")
    assert "The map is right" in admin.office.bridge(f"map check {admin.file}").out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n"v": 1,\n"userName": }', "line 3: no JSON"),
        (DEFAULT.replace('"target": "title"', '"target": "titel"'), "line 14: attributes.1.target: expected"),
        (DEFAULT.replace("profile.title", "profile..title"), "attributes.1.from: "),
        (DEFAULT.replace('"target": "title"', '"target": "displayName"'), "line 15: displayName is mapped twice"),
        (DEFAULT.replace("profile.title", "upper(profile.title)"), "expected a function of JMESPath, and not upper"),
        (DEFAULT.replace("profile.title", "profile.a && join(profile.b)"), "join: expected 2 argument(s)"),
        (DEFAULT.replace("profile.title", "(" * 2000 + "profile.title" + ")" * 2000), "attributes.1.from: expected"),
        ("[]", "line 1: "),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(admin: Admin, text: str, said: str) -> None:
    """And nothing is put anywhere."""
    admin.file.write_text(text, "utf-8")
    for command in ("check", "apply --yes"):
        assert said in admin.office.bridge(f"map {command} {admin.file}", code=1).err
    assert admin.aws.versions == [DEFAULT]


def test_show_tells_of_a_wrong_map(admin: Admin) -> None:
    """What SSM has is not in force then: its line and reason are named, and the way back."""
    admin.aws.versions.append('{\n"v": 2}')
    said = admin.office.bridge("map show", code=1).err
    assert "the last good map is in force: line 2: v: " in said
    assert "bridge map revert" in said


def test_try_shows_one_user_by_the_new_map(admin: Admin) -> None:
    """What would change is marked; nothing is changed."""
    file = admin.write(target="title", **{"from": "'Agent'", "format": "text"})
    ran = admin.office.bridge(f"map try {file} --user {admin.people[0]}")
    assert any(line.split()[:3] == ["CHANGES", "title", "Agent"] for line in ran.out.splitlines())
    assert "title" not in admin.world.account(admin.people[0])


def test_try_says_that_there_is_no_such_user(admin: Admin) -> None:
    """A wrong id is a failure in words, and no empty table; likewise for a program."""
    file = admin.write(target="title", **{"from": "'Agent'", "format": "text"})
    ran = admin.office.bridge(f"map try {file} --user 00uNobodyOfThatName1", code=1)
    assert "Okta shows no user 00uNobodyOfThatName1" in ran.err
    assert "attribute" not in ran.out
    ran = admin.office.bridge(f"map try {file} --user 00uNobodyOfThatName1 --json", code=1)
    assert json.loads(ran.out)["error"]["reason"] == "not-found"


def test_diff_counts_people_and_attributes(admin: Admin) -> None:
    """One of ten has a nickname."""
    admin.world.okta.update_profile(admin.people[0], {"nickName": "Addie"})
    file = admin.write(target="title", **{"from": "profile.nickName", "format": "text"})
    found = admin.office.ask(f"map diff {file}")
    assert (found["people"], found["rewritten"], found["attributes"]) == (10, 1, {"title": 1})


def test_a_rewrite_of_more_than_a_tenth_needs_its_number(admin: Admin) -> None:
    """The one that was shown, and no other."""
    file = admin.write(target="title", **{"from": "'Agent'", "format": "text"})
    assert "--rewrite 10" in admin.office.bridge(f"map apply {file} --yes", code=1).err
    admin.office.bridge(f"map apply {file} --yes --rewrite 9", code=1)
    assert len(admin.aws.versions) == 1
    assert "Version 2" in admin.office.bridge(f"map apply {file} --yes --rewrite 10").out
    assert json.loads(admin.aws.versions[-1])["attributes"][-1]["from"] == "'Agent'"


def test_people_whom_a_map_leaves_without_a_name_are_rewritten_too(admin: Admin) -> None:
    """Else a map that can map nobody would need no number."""
    file = admin.write(target="displayName", **{"from": "profile.nickName", "format": "text"})
    found = admin.office.ask(f"map diff {file}")
    assert (found["people"], found["rewritten"], found["unmappable"]) == (10, 10, 10)
    assert "--rewrite 10" in admin.office.bridge(f"map apply {file} --yes", code=1).err
    assert len(admin.aws.versions) == 1


def test_an_import_puts_the_exported_map_back_when_it_is_asked_to(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --map it says how; with it whom it rewrites is shown and a mass of them named, as with `map apply`."""
    file = admin.write(target="title", **{"from": "'Agent'", "format": "text"})
    wanted = Path(file).read_text("utf-8")
    document = {"version": 1, "groups": [], "exceptions": [], "map": {"parameter": NAME, "text": wanted}}
    admin.file.write_text(json.dumps(document), "utf-8")
    monkeypatch.setattr("bridge.mapping.source.read_text", lambda *_: MapText(admin.aws.versions[-1]))
    assert f"bridge import {admin.file} --map --stack prod" in admin.office.bridge(f"import {admin.file} --yes").out
    assert "--rewrite 10" in admin.office.bridge(f"import {admin.file} --map --yes", code=1).err
    assert admin.aws.versions == [DEFAULT]
    admin.office.bridge(f"import {admin.file} --map --yes --rewrite 10")
    assert admin.aws.versions == [DEFAULT, wanted]


def test_another_prefix_rewrites_those_who_have_the_list(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes skills away that the map before left alone."""
    admin.world.okta.update_profile(admin.people[0], {"skills": "okta.Care"})
    entry = {"target": SKILLS, "from": "profile.skills", "format": "ratings"}
    with_prefix = Path(admin.write(**entry, prefix="okta.")).read_text("utf-8")
    present = AttributeMap.parse(with_prefix, user_name=UserNameSource.EMAIL, default_region="US")
    monkeypatch.setattr(admin.office.stage.operations.maps, "_present", present)
    assert admin.office.ask(f"map diff {admin.write(**entry)}")["attributes"] == {SKILLS: 1}


def test_history_and_revert_are_ssms_own(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over SSM as moto plays it, with more versions than one page has."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        ssm = boto3.client("ssm", region_name="eu-west-1")
        fake = admin.aws.client
        monkeypatch.setattr(admin.aws, "client", lambda name, **more: ssm if name == "ssm" else fake(name, **more))
        assert admin.office.ask("map history")["versions"] == []
        assert "Version 1" in admin.office.bridge(f"map apply {admin.write()} --yes").out
        first = ssm.get_parameter(Name=NAME)["Parameter"]["Value"]
        for number in range(59):
            text = first.replace("profile.title", f"profile.title || profile.none{number}")
            ssm.put_parameter(Name=NAME, Value=text, Type="String", Overwrite=True)
        admin.office.bridge(f"map apply {admin.write(target='title', **{'from': 'profile.title'})} --yes")
        versions = admin.office.ask("map history")["versions"]
        assert [each["version"] for each in versions] == [*range(61, 0, -1)]
        assert all(each["at"].startswith("20") for each in versions)
        admin.office.bridge("map revert --yes")
        assert "profile.none58" in ssm.get_parameter(Name=NAME)["Parameter"]["Value"]
        admin.office.bridge("map revert --yes --version 1")
        newest = ssm.get_parameter(Name=NAME)["Parameter"]
        assert (newest["Value"], newest["Version"]) == (first, 63)


def test_a_map_is_as_long_as_the_parameter_holds(admin: Admin) -> None:
    """What is longer is refused before SSM sees it."""
    file = admin.write(target="title", **{"from": f"'{'x' * 4096}'", "format": "text"})
    assert "/bridge/map holds 4096" in admin.office.bridge(f"map apply {file} --yes --rewrite 10", code=1).err


def test_revert_puts_the_version_before_into_force(admin: Admin) -> None:
    """As a new version; the history has all of them, the newest first."""
    admin.office.bridge(f"map apply {admin.write(target='title', **{'from': 'profile.nickName'})} --yes")
    assert [each["version"] for each in admin.office.ask("map history")["versions"]] == [2, 1]
    admin.office.bridge("map revert --yes")
    assert admin.aws.versions[2] == DEFAULT
    admin.office.bridge("map revert --yes --version 9", code=2)


def test_a_stack_without_a_parameter_says_how_to_get_one(admin: Admin) -> None:
    """Its map is shown all the same."""
    admin.office.stage.variables.clear()
    admin.office.stage.restart()
    operations = admin.office.stage.operations
    admin.aws.functions |= dict.fromkeys(admin.aws.functions, operations.handle)
    assert "From the bridge itself" in admin.office.bridge("map show").out
    assert "AttributeMapParameter" in admin.office.bridge(f"map apply {admin.write()} --yes", code=1).err


def test_a_line_is_that_of_the_entry() -> None:
    """Whatever the other entries hold."""
    text = '{"attributes": [\n{"target": "a", "x": {"y": "}"}},\n\n{"target": "b"}]}'
    assert line_of(text, "attributes.1.target: no") == 4
    assert line_of(text, "attributes.0: no") == 2


def test_the_page_has_every_target_with_its_format() -> None:
    """And no other."""
    page = (ROOT / "docs/attribute-map.md").read_text("utf-8").partition("## Targets")[2].partition("\n| format |")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| `")]
    assert {row[0].strip("`") for row in rows} == PROFILE_PATHS | {*RATED, "roles", identity("...")}
    assert {row[0].strip("`") for row in rows if row[1] == "ratings"} == {*RATED}
    assert {row[0].strip("`") for row in rows if row[1] == "e164"} == PHONES
    assert {row[0].strip("`") for row in rows if row[2] == "yes"} == set(REQUIRED)
