"""The project has the words of the field, and says everything itself."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: What strangers read: code, tests, the template, the documents.
FOLDERS = ("layers/bridge", "functions", "bridge_cli", "bridge_local", "benchmarks", "tests", "events", "docs")
READ = [
    *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "template.yaml")),
]
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in READ
    if path.suffix in {".py", ".md", ".yaml"} and "__pycache__" not in path.parts and path != Path(__file__)
}
#: The logical id of a queue policy cannot change without the queues losing it; `docs/decisions.md` says so.
EXCEPTED = ("LanesPolicy",)


@pytest.mark.parametrize(
    ("word", "instead"),
    [
        (r"[Ll]anes?", "queue"),
        (r"[Cc]an not", "cannot"),
        (r"(?:is|are) let go|lets go of", "is unlinked, releases"),
        (r"[Ww]hoever", "anyone who"),
        (r"[Hh]e|[Hh]im|[Hh]is|[Hh]imself", "they, them, their"),
        (r"undesired|desired again", "should still be removed, a member again in Okta"),
        (r"a look (?:at|of)|looked at|Looks", "a sync of, synced"),
        (
            r"fresh_item|fails_as_a_whole|_?let_go|_?carry_out|HoldLife|\w+Desk|\w*Outside|LONELY\w*",
            "the names of today",
        ),
        (r"_?(?:FEW|MOST|WHOLE|STORM|SMALL|KEPT|MOST_\w+)(?:: \w+|, \w+)* =", "MAX_..., ..._THRESHOLD, ..._RETENTION"),
        (r"Lives as long as (?:the|its) process", "nothing"),
    ],
)
def test_words_of_our_own_are_gone(word: str, instead: str) -> None:
    """A word that only this project had stands nowhere any more; the other one says the same to everybody."""
    found = [
        f"{name}: {line.strip()[:100]} (say: {instead})"
        for name, text in TEXTS.items()
        for line in text.splitlines()
        if re.search(rf"(?<![\w.-])(?:{word})(?![\w.])", line) and not any(kept in line for kept in EXCEPTED)
    ]
    assert not found, "\n".join(found)


def test_ports_document_and_what_implements_them_does_not_repeat_it() -> None:
    """A method's first sentence stands at its port alone, so that the two never come to differ."""
    modules = [ast.parse(text) for name, text in TEXTS.items() if name.endswith(".py") and not name.startswith("tests")]
    classes = [each for module in modules for each in ast.walk(module) if isinstance(each, ast.ClassDef)]
    said: dict[bool, dict[tuple[str, str], list[str]]] = {True: defaultdict(list), False: defaultdict(list)}
    for each in classes:
        port = any(ast.unparse(base) == "Protocol" for base in each.bases)
        for method in each.body:
            if isinstance(method, ast.FunctionDef) and (text := ast.get_docstring(method)):
                said[port][method.name, text.partition("\n\n")[0]].append(each.name)
    assert len(said[True]) > 100
    assert {place: said[False][place] for place in said[True].keys() & said[False].keys()} == {}


def test_every_exception_from_a_rule_has_its_reason_beside_it() -> None:
    """Who reads `noqa`, `type: ignore` or a skipped test reads why, on the same line."""
    reasoned = re.compile(r"noqa: [A-Z0-9, ]+ - \w|type: ignore\[[a-z, -]+\] # \w|skip(?:if)?\([^)]*reason=")
    found = [
        f"{name}: {line.strip()[:100]}"
        for name, text in TEXTS.items()
        if name.endswith(".py")
        for line in text.splitlines()
        if re.search(r"# (?:ruff: )?noqa|# type: ignore|mark\.skip", line) and not reasoned.search(line)
    ]
    assert not found, "\n".join(found)


def test_nothing_refers_to_a_document_outside_of_the_repository() -> None:
    """Every relative link leads to a file of the repository, and no text names a design that is not in it."""
    documents = {name: text for name, text in TEXTS.items() if name.endswith(".md")}
    missing = [
        f"{name}: {target}"
        for name, text in documents.items()
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)
        if not ((ROOT / name).parent / target).exists()
    ]
    missing += [f"{name}: design.md" for name, text in TEXTS.items() if "design.md" in text]
    assert not missing


def test_the_architecture_names_every_package_and_function_and_promise() -> None:
    """What is there has a place in docs/architecture.md, and P1 to P11 stand in it."""
    text = TEXTS["docs/architecture.md"]
    packages = [path.stem for path in (ROOT / "layers/bridge/bridge").iterdir() if not path.name.startswith("__")]
    functions = [f"functions/{path.parent.name}" for path in (ROOT / "functions").glob("*/app.py")]
    assert [name for name in (*packages, *functions) if f"`{name}`" not in text] == []
    assert re.findall(r"^\| (P\d+) \|", text, re.MULTILINE) == [f"P{number}" for number in range(1, 12)]
