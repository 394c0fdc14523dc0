"""What people see and are asked: standard output for the answer, standard error for everything beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from getpass import getpass
from typing import Any, TextIO

from bridge_cli.ends import End, Stopped
from bridge_cli.tables import facts, printable, table

_YES = frozenset({"y", "yes"})


class Terminal:
    """The streams of one command.

    Args:
        stdin: where an answer to a question comes from.
        stdout: gets the answer: text for people, or the one JSON document.
        stderr: gets questions, progress and errors; with `as_json` also the text for people.
        as_json: whether a program reads.
        yes: whether every question is answered beforehand.
        progress: whether progress is shown although standard error is no terminal.
        zone: of the times for people; None is this machine's.
        hidden: asks on a terminal for what must not be seen there.
    """

    def __init__(
        self,
        stdin: TextIO,
        stdout: TextIO,
        stderr: TextIO,
        *,
        as_json: bool = False,
        yes: bool = False,
        progress: bool = False,
        zone: tzinfo | None = None,
        hidden: Callable[[str], str] = getpass,
    ) -> None:
        self._stdin = stdin
        self._stdout = stdout
        self._stderr = stderr
        self.as_json = as_json
        self._yes = yes
        self._rewrites = stderr.isatty()
        self._progress = progress or self._rewrites
        self._zone = zone
        self._hidden = hidden
        self._shown = ""
        self._document: Mapping[str, Any] | None = None

    # --------------------------------------------------------------------------------------- for people

    @property
    def _people(self) -> TextIO:
        return self._stderr if self.as_json else self._stdout

    @property
    def width(self) -> int:
        """Columns of the terminal, 0 when there is none."""
        return shutil.get_terminal_size().columns if self._people.isatty() else 0

    def say(self, *lines: str) -> None:
        """Lines for people; an empty one without any."""
        self.progressed()
        for line in lines or ("",):
            print(printable(line), file=self._people)

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A table for people."""
        self.say(*table(headings, rows, self.width))

    def facts(self, *pairs: tuple[str, object], indent: int = 2) -> None:
        """Names and values for people; what is empty is left out."""
        lines = facts(pairs, self.width, indent)
        if lines:
            self.say(*lines)

    def time(self, moment: datetime | None) -> str:
        """A moment in local time with its offset, empty without one."""
        if moment is None:
            return ""
        text = moment.astimezone(self._zone).isoformat(" ", "seconds")
        return f"{text[:19]} {text[19:]}"

    # ------------------------------------------------------------------------------------- for programs

    def document(self, document: Mapping[str, Any]) -> None:
        """The one JSON document, written by `flush`: the last one stands. Nothing unless a program reads."""
        if self.as_json:
            self._document = document

    def line(self, document: Mapping[str, Any]) -> None:
        """One JSON document of many, in a line of its own."""
        if self.as_json:
            print(json.dumps(document), file=self._stdout)

    # ---------------------------------------------------------------------------------------- beside it

    def confirm(self, question: str) -> None:
        """Ask whether to go on.

        Raises:
            Stopped: the answer is no, or there is nobody to ask.
        """
        if self._yes:
            return
        self._people.flush()
        if not self._stdin.isatty():
            raise Stopped(End.USAGE, f"Nothing was changed: nobody is here to answer: {question}", "Add --yes.")
        print(f"{printable(question)} [y/N] ", end="", file=self._stderr, flush=True)
        answer = self._stdin.readline()
        if not answer:
            print(file=self._stderr)
        if answer.strip().lower() not in _YES:
            raise Stopped(End.FAILED, "Nothing was changed.")

    def ask(self, question: str) -> str:
        """A line that answers a question, without blanks at its ends.

        Raises:
            Stopped: nobody answers any more.
        """
        self._people.flush()
        if self._stdin.isatty():
            print(f"{printable(question)}: ", end="", file=self._stderr, flush=True)
        answer = self._stdin.readline()
        if not answer:
            raise Stopped(End.USAGE, f"Nobody is here to answer: {question}", "Type it, or pass it as a line.")
        return answer.strip()

    def secret(self, what: str) -> str:
        """A secret: typed where nothing is shown, or the next line of standard input; never empty.

        Raises:
            Stopped: there is none, or what is there can be no credential.
        """
        self._people.flush()
        value = self._hidden(f"{what} (not shown): ") if self._stdin.isatty() else self._stdin.readline()
        if not value.strip():
            raise Stopped(
                End.USAGE, f"No {what}.", "Type it where it is asked for, or pass it as a line of standard input."
            )
        value = value.strip()
        if not all("!" <= letter <= "~" for letter in value):
            raise Stopped(End.USAGE, f"{what}: expected letters, digits and signs of ASCII, without blanks.")
        return value

    @property
    def has_person(self) -> bool:
        """Whether a person types what is asked for."""
        return self._stdin.isatty()

    @property
    def shows_secrets(self) -> bool:
        """Whether what is said goes to a terminal, and to no file and no other program."""
        return not self.as_json and self._stdout.isatty()

    def error(self, message: str, advice: str = "") -> None:
        """What went wrong, and what to do next."""
        self.progressed()
        self._people.flush()
        print(f"bridge: {printable(message)}", file=self._stderr)
        if advice:
            print(f"        {printable(advice)}", file=self._stderr)

    def flush(self) -> None:
        """Everything is said."""
        self.progressed()
        if self._document is not None:
            print(json.dumps(self._document, indent=2), file=self._stdout)
            self._document = None
        self._stdout.flush()

    def progress(self, text: str) -> None:
        """How far long work has come: one line that changes on a terminal, else a line for each change."""
        if not self._progress or text == self._shown:
            return
        text = printable(text)
        if self._rewrites:
            columns = shutil.get_terminal_size().columns - 1
            print(f"\r{text[:columns].ljust(min(len(self._shown), columns))}", end="", file=self._stderr, flush=True)
        else:
            print(text, file=self._stderr, flush=True)
        self._shown = text

    def progressed(self) -> None:
        """The long work is over, or something else is to be said: the progress makes room."""
        if self._shown and self._rewrites:
            columns = shutil.get_terminal_size().columns - 1
            print(f"\r{' ' * min(len(self._shown), columns)}\r", end="", file=self._stderr, flush=True)
        self._shown = ""
