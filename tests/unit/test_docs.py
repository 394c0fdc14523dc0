"""What the pages name exists: commands and their options, other pages with their headings, parameters and checks."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.operations.checklist import CHECKS
from bridge_cli import ROOT
from bridge_cli.parser import FAMILIES, build
from bridge_local.template import Template

SOURCES = sorted([*ROOT.glob("bridge_cli/*.py"), *ROOT.glob("layers/bridge/bridge/**/*.py")])
REASONS = ROOT / "layers/bridge/bridge/operations/reasons.json"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("events/*.md")])
ARTICLE = ROOT / "docs/article.md"
#: A command in backquotes, an example, and a command at the beginning of one of its lines or behind a pipe.
QUOTED = re.compile(r"(?<!`)`bridge ([a-z][^`]*)`")
EXAMPLE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"^(?:[^\n]*\| )?bridge ([a-z][^\n|#]*)", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def named(page: Path) -> list[list[str]]:
    """The words of every command that a page names."""
    text = re.sub(r'"\n\s*f?"', "", page.read_text("utf-8"))  # a message of several literals
    examples = "\n".join(EXAMPLE.findall(text)).replace("\\\n", " ")
    return [line.split() for line in (*QUOTED.findall(text), *LINE.findall(examples))]


def leaves(parser: argparse.ArgumentParser, words: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command with its parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from leaves(child, f"{words} {name}".strip())
            return
    yield words, parser


LEAVES = dict(leaves(build({})))


def anchors(page: Path) -> set[str]:
    """What a link into a page may name, as the usual renderers make it of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_are_commands_and_links_to_compare() -> None:
    """The patterns find some: a page that shows none is no proof."""
    assert len(named(ARTICLE)) > 20
    assert ["setup", "--stack", "NAME"] in named(ROOT / "docs/setup.md")
    assert len(LINK.findall(ARTICLE.read_text("utf-8"))) > 10
    assert "user discard-roles" in LEAVES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_names_exists_with_its_options(page: Path) -> None:
    """Each by its words, and each option by its whole name."""
    for words in named(page):
        if words[0] in FAMILIES and len(words) == 1:
            continue  # a family as a whole
        name = " ".join(words[:2]) if words[0] in FAMILIES else words[0]
        assert name in LEAVES, (words, page.name)
        known = LEAVES[name]._option_string_actions
        assert {word for word in words if word.startswith("--")} <= known.keys(), (words, page.name)


def test_every_command_that_a_message_names_exists() -> None:
    """In what the code says to people, and in what is to be done about each reason."""
    found = [(words, source.name) for source in (*SOURCES, REASONS) for words in named(source)]
    assert len(found) > 40
    for words, source in found:
        known = words[0] in LEAVES or (words[0] in FAMILIES and (len(words) == 1 or " ".join(words[:2]) in LEAVES))
        assert known or "{" in "".join(words[:2]), (words, source)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_page_resolves(page: Path) -> None:
    """To a file of the repository, and to one of its headings."""
    for target in LINK.findall(page.read_text("utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), (page.name, target)
        if anchor:
            assert anchor in anchors(found), (page.name, target)


def test_the_articles_page_names_parameters_and_checks_that_exist() -> None:
    """Each parameter is the template's, each check is one."""
    text = ARTICLE.read_text("utf-8")
    parameters = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)[=`]", text))
    assert parameters <= Template().document["Parameters"].keys()
    assert {"UserNameSource", "SyncPassword", "LinkedGroups"} <= parameters
    checks = set(re.findall(r"`([a-z]+\.[a-z]+)`", text))
    assert checks <= CHECKS.keys()
    assert {"genesys.region", "groups.size"} <= checks
