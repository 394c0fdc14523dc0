"""The page on troubleshooting has every reason code and every alarm, as the code and the template have them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.operations.reasons import table
from bridge_local import ROOT, troubleshooting
from bridge_local.template import Template

PAGE = (ROOT / "docs/troubleshooting.md").read_text("utf-8")
ROWS = {line.split("`")[1]: line for line in PAGE.splitlines() if line.startswith("| `")}
ALARMS = {
    name: resource["Properties"]
    for name, resource in Template().document["Resources"].items()
    if resource["Type"] in {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"}
}


def test_the_page_is_what_would_be_written() -> None:
    """After a change of the words or the alarms: make troubleshooting WRITE=1."""
    assert troubleshooting.main([]) == 0


def test_every_code_and_every_alarm_has_one_row_and_nothing_else_has() -> None:
    """What it means, for whom, and what to do first: no cell is empty."""
    assert ROWS.keys() == {*table(), *ALARMS}
    assert PAGE.count("\n| `") == len(ROWS)
    for line in ROWS.values():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        assert len(cells) == 4
        assert all(cells)


def test_every_alarm_that_somebody_is_for_names_its_first_command() -> None:
    """The halves of a composite alarm alone name none."""
    without = {name for name in ALARMS if "`bridge " not in ROWS[name].partition("` |")[2]}
    assert without == {"HookExpectedAlarm", "HookQuietAlarm"}


def test_those_who_act_are_alarms_that_exist() -> None:
    """An alarm that is renamed is for the operator again, unless somebody says so here."""
    assert troubleshooting.OF_OTHERS.keys() <= ALARMS.keys()


def test_another_page_is_noticed_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the check, which names the command; then it is as it should be."""
    monkeypatch.setattr(troubleshooting, "PAGE", tmp_path / "page.md")
    assert troubleshooting.main([]) == 1
    assert troubleshooting.main(["--write"]) == 0
    assert troubleshooting.main([]) == 0
