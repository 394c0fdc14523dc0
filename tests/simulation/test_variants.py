"""Each safeguard is needed: without it the simulation finds a run that ends wrong, within its first 1,000."""

from __future__ import annotations

import re

import pytest

from tests.simulation.__main__ import main

pytestmark = pytest.mark.proof

#: Where in the first 1,000 seeds the search begins, so that the proof of the rare ones is short.
BEGIN = {
    "replay": 1,
    "no-reread": 1,
    "one-window": 81,
    "no-fence": 301,
    "no-order": 161,
    "trusts-silence": 261,
    "second-rendering": 1,
    "believes-hints": 41,
    "protects-nobody": 28,
    "adopts-unread": 56,
}


#: Likewise of those that need something rare to show, such as answers of one kind: it is in every run.
BEGIN_BAD = {
    "trusts-404": (7, "genesys-404"),
    "missing-is-empty": (162, "genesys-no-members"),
    "unlink-at-once": (83, "okta-empty-listing"),
    "trusts-absence": (73, "okta-narrowed-role"),
    "believes-answers": (4, "genesys-unapplied"),
    "removals-without-a-version": (8, "late-writes"),
    "ends-without-a-version": (61, "late-writes"),
    "nothing-pending": (12, "late-writes"),
    "no-sync-afterwards": (308, "late-writes"),
    "forgets-restore": (2, "operators"),
    "rules-over-operators": (3, "operators"),
}


@pytest.mark.parametrize(
    ("variant", "seed", "bad"),
    [*((name, seed, "") for name, seed in BEGIN.items()), *((name, *begin) for name, begin in BEGIN_BAD.items())],
)
def test_without_the_safeguard_a_run_ends_wrong(
    variant: str, seed: int, bad: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 1, and the run that shows it; with the safeguard the same run ends well."""
    kind = ["--bad", bad]
    assert main(["--seed", str(seed), "--runs", str(1001 - seed), "--variant", variant, *kind]) == 1
    told = re.search(rf"make simulate SEED=(\d+) RUNS=1 VARIANT={variant}", capsys.readouterr().out)
    assert told is not None
    assert main(["--seed", told[1], "--runs", "1", *kind]) == 0
