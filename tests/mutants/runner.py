"""Applies single-line mutations to copies of the project, and runs the tests that must notice them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

#: Where the mutations stand, within the project.
KEPT_IN = "tests/mutants/mutants.toml"
#: Exit statuses of pytest (its documentation, "Exit codes"): all passed, some failed.
_PASSED, _FAILED = 0, 1

Say = Callable[[str], None]


@dataclass(frozen=True)
class Mutant:
    """One mutation.

    Attributes:
        name: of the mutation.
        file: the product's file, from the project's root.
        line: a snippet that occurs in it exactly once.
        becomes: what stands there instead.
        breaks: the behaviour that ends with it.
        caught_by: ids of quick tests, at least one of which must fail.
    """

    name: str
    file: str
    line: str
    becomes: str
    breaks: str
    caught_by: tuple[str, ...]

    @property
    def named_files(self) -> set[str]:
        """The files of its tests."""
        return {test.partition("::")[0] for test in self.caught_by}

    def applied(self, text: str) -> str:
        """The file's text with the mutation.

        Raises:
            ValueError: the snippet does not occur exactly once, or the text would stay as it is.
        """
        found = text.count(self.line)
        if found != 1:
            raise ValueError(f"applies no more: the snippet occurs {found} times in {self.file}")
        mutated = text.replace(self.line, self.becomes)
        if mutated == text:
            raise ValueError("changes nothing")
        return mutated


@dataclass(frozen=True)
class Catalogue:
    """Every mutation that is kept."""

    mutants: tuple[Mutant, ...]

    @classmethod
    def read(cls, root: Path) -> Catalogue:
        """From the project's file."""
        return cls.parse((root / KEPT_IN).read_text(encoding="utf-8"))

    @classmethod
    def parse(cls, text: str) -> Catalogue:
        """From TOML.

        Raises:
            ValueError: a name stands twice, or a mutation names no test.
        """
        mutants = tuple(
            Mutant(**{**entry, "caught_by": tuple(entry["caught_by"])}) for entry in tomllib.loads(text)["mutant"]
        )
        names = [mutant.name for mutant in mutants]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"names that stand twice: {', '.join(sorted(twice))}")
        if untested := [mutant.name for mutant in mutants if not mutant.caught_by]:
            raise ValueError(f"mutations without a test: {', '.join(untested)}")
        return cls(mutants)


def changed_since(root: Path, mutants: Sequence[Mutant], base: str) -> list[Mutant]:
    """Those whose file, test files or own entry differ from what they were at `base`.

    ``auto`` is where the branch left `main` (`origin/main` where CI has no other); on `main` itself the last commit.
    """
    if base == "auto":
        left = (_git(root, "merge-base", "HEAD", of).strip() for of in ("main", "origin/main"))
        base = next(filter(None, left), "HEAD~1")
        if base == _git(root, "rev-parse", "HEAD").strip():
            base = "HEAD~1"
    changed = set(_git(root, "diff", "--name-only", base).splitlines())
    before = _git(root, "show", f"{base}:{KEPT_IN}")
    known = set(Catalogue.parse(before).mutants) if before else set()
    return [mutant for mutant in mutants if mutant not in known or changed & {mutant.file, *mutant.named_files}]


def _git(root: Path, *arguments: str) -> str:
    """What git answers, empty when it has no answer."""
    return subprocess.run(  # noqa: S603 - fixed words and commits
        ["git", *arguments],  # noqa: S607 - the git of anyone who works here
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def run_all(root: Path, mutants: Sequence[Mutant], say: Say, *, processes: int = 0) -> list[str]:
    """Run each mutation in a copy of the project; what went wrong, in words."""
    if not mutants:
        return []
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        copies: SimpleQueue[Path] = SimpleQueue()
        count = min(processes or os.cpu_count() or 1, len(mutants))
        for number in range(count):
            copies.put(_copied(root, Path(directory) / str(number)))

        def apply_decision(mutant: Mutant) -> str:
            copy = copies.get()
            try:
                wrong = run_one(copy, mutant)
            finally:
                copies.put(copy)
            say(f"  {mutant.name}: {wrong or 'caught'}")
            return f"{mutant.name}: {wrong} ({mutant.breaks})" if wrong else ""

        status, said = _tests(Path(directory) / "0", sorted({test for each in mutants for test in each.caught_by}))
        if status != _PASSED:
            return [f"without any mutation the tests do not pass:\n{said}"]
        with ThreadPoolExecutor(count) as pool:
            return [wrong for wrong in pool.map(apply_decision, mutants) if wrong]


def run_one(copy: Path, mutant: Mutant) -> str:
    """Apply a mutation to a copy, run its tests, and take it back; what went wrong, empty when it was caught."""
    file = copy / mutant.file
    original = file.read_text(encoding="utf-8") if file.exists() else ""
    try:
        file.write_text(mutant.applied(original), encoding="utf-8")
    except (ValueError, OSError) as error:
        return str(error)
    try:
        status, said = _tests(copy, mutant.caught_by)
    finally:
        file.write_text(original, encoding="utf-8")
    if status == _PASSED:
        return "survives"
    return "" if status == _FAILED else f"its tests could not be run:\n{said}"


def _tests(copy: Path, tests: Iterable[str]) -> tuple[int, str]:
    """Run tests in a copy: pytest's exit status, and the end of what it said."""
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=line"]
    done = subprocess.run(  # noqa: S603 - the tests of this project
        [*command, "--show-capture=no", *tests], cwd=copy, capture_output=True, text=True, check=False
    )
    return done.returncode, "\n".join((done.stdout + done.stderr).splitlines()[-15:])


def _copied(root: Path, copy: Path) -> Path:
    """A copy of every file that git knows or would take; without a repository of everything there is."""
    files = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, files):
        source = root / name
        if source.is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy / name)
    return copy
