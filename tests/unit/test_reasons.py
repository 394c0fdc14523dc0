"""Every reason code has words for people, and no words stand for a code that does not exist."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

import pytest

from bridge.items import Reason
from bridge.operations.reasons import STEPS, table, text_of
from bridge.provisioning.user_records import LATE_WHY
from tests.stages.reason_codes import LAYER, codes, sources, texts

TREES = sources()
#: What names an item's reason, why something is due, or the end of a run that people never see, is no reason code.
NO_CODES = {LATE_WHY, *(reason.value for reason in Reason)}
CODES = {code: place for code, place in codes(TREES).items() if code not in NO_CODES}


def test_the_collector_finds_codes_of_every_kind() -> None:
    """Errors, ends of reports, parameters, enumerations, patterns: a collector that finds little proves nothing."""
    wanted = {"user-not-visible", "create-users-off", "owned-by-another-user", "member-refused", "ceiling-percent"}
    assert wanted | {"genesys-*", "*-pace", "*-timeout", "excepted", "no-match", "not-in-okta"} <= CODES.keys()
    assert len(CODES) > 90


def test_no_code_has_words_twice() -> None:
    """The later ones would count, and nobody would see the others."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len({name for name, _ in pairs}) == len(pairs), [name for name, _ in pairs]
        return dict(pairs)

    json.loads((LAYER / "operations" / "reasons.json").read_text("utf-8"), object_pairs_hook=once)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_reason_code_has_words(code: str) -> None:
    """By its own name, whatever pattern may cover it too: a pattern's words are for what only run time knows."""
    known = table()
    assert code in known, f"{code} ({CODES[code]}) has no words in operations/reasons.json"


@pytest.mark.parametrize("code", sorted(table()))
def test_no_words_stand_for_a_code_that_does_not_exist(code: str) -> None:
    """The source has the text, or a pattern that makes it."""
    everything = texts(TREES)
    found = code in everything or code.upper() in everything
    found = found or any(fnmatchcase(code, pattern) for pattern in CODES if "*" in pattern)
    assert found, f"no source gives {code}"


@pytest.mark.parametrize("code", sorted(table()))
def test_words_are_whole_sentences(code: str) -> None:
    """What it means and what to do first, in the words of the field."""
    text = table()[code]
    assert text.step in {*STEPS, ""}
    assert text.affects in {"one", "all"}
    assert text.acts in {"nobody", "okta", "genesys", "operator", "approver"}
    for words in (text.means, text.first):
        assert words.endswith((".", "?"))


def test_a_pattern_gives_way_to_what_is_more_exact() -> None:
    """The number that is known, then the longer pattern, then the shorter one; what nobody knows is said to be so."""
    assert text_of("genesys-403").means != text_of("genesys-418").means
    assert text_of("genesys-token-418") == table()["genesys-token-*"]
    assert text_of("okta-pace") == table()["*-pace"]
    assert text_of("genesys-timeout") == table()["*-timeout"]
    assert "no words" in text_of("made-up").means
