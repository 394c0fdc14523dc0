"""The runner of the mutations itself: it tells caught, surviving and outdated mutations apart."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutants.runner import KEPT_IN, Catalogue, Mutant, changed_since, run_all

PRODUCT = "def largest(values: list[int]) -> int:\n    return max(values)\n"
TESTS = """\
from product import largest

def test_largest() -> None:
    assert largest([1, 3, 2]) == 3
"""
CAUGHT = Mutant(
    "smallest", "product.py", "max(values)", "min(values)", "the largest", ("test_product.py::test_largest",)
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one function and one test, in a repository with one commit."""
    (tmp_path / "product.py").write_text(PRODUCT)
    (tmp_path / "test_product.py").write_text(TESTS)
    (tmp_path / KEPT_IN).parent.mkdir(parents=True)
    (tmp_path / KEPT_IN).write_text(as_toml(CAUGHT))
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "first"]):
        who = ["-c", "user.name=T", "-c", "user.email=t@example.com"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True)  # noqa: S603, S607 - fixed words
    return tmp_path


def as_toml(mutant: Mutant) -> str:
    """A catalogue of one mutation."""
    entry = {**vars(mutant), "caught_by": list(mutant.caught_by)}
    return "[[mutant]]\n" + "".join(f"{name} = {value!r}\n" for name, value in entry.items())


@pytest.mark.parametrize(
    ("mutant", "said"),
    [
        (CAUGHT, []),
        (replace(CAUGHT, becomes="sorted(values)[-1]"), ["survives"]),
        (replace(CAUGHT, line="median(values)"), ["applies no more", "0 times"]),
        (replace(CAUGHT, line="values"), ["applies no more", "2 times"]),
        (replace(CAUGHT, becomes="max(values)"), ["changes nothing"]),
        (replace(CAUGHT, file="gone.py"), ["applies no more"]),
        (replace(CAUGHT, becomes="max(values"), ["could not be run"]),
        (replace(CAUGHT, caught_by=("test_product.py::test_gone",)), ["without any mutation"]),
    ],
)
def test_what_came_of_a_mutation(project: Path, mutant: Mutant, said: list[str]) -> None:
    """Caught by a failing test; wrong when it survives, applies no more, or its test cannot be run."""
    wrong = run_all(project, [mutant], lambda _line: None)
    assert bool(wrong) == bool(said)
    assert all(part in wrong[0] for part in said)
    assert (project / "product.py").read_text() == PRODUCT


def test_only_mutations_of_what_has_changed_are_run(project: Path) -> None:
    """Chosen by its file, by its tests' file or by its own entry; by nothing else."""

    def chosen(mutant: Mutant = CAUGHT) -> list[Mutant]:
        return changed_since(project, [mutant], "HEAD")

    assert chosen() == []
    (project / "other.py").write_text("")
    assert chosen() == []
    for name, text in (("product.py", PRODUCT), ("test_product.py", TESTS)):
        (project / name).write_text(text + "\n")
        assert chosen() == [CAUGHT]
        (project / name).write_text(text)
    other = replace(CAUGHT, becomes="values[0]")
    assert chosen(other) == [other]


def test_every_kept_mutation_is_whole() -> None:
    """Names are unique, each names a test, and every named file exists."""
    root = Path(__file__).parents[2]
    mutants = Catalogue.read(root).mutants
    assert len(mutants) > 30
    assert all((root / file).exists() for mutant in mutants for file in (mutant.file, *mutant.named_files))
    with pytest.raises(ValueError, match="twice"):
        Catalogue.parse(as_toml(CAUGHT) * 2)
    with pytest.raises(ValueError, match="without a test"):
        Catalogue.parse(as_toml(replace(CAUGHT, caught_by=())))
