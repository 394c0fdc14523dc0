"""Each safeguard is needed: without it the simulation finds a run that ends wrong, within its first 1,000."""

from __future__ import annotations

import pytest

from tests.simulation.__main__ import main

#: Where in the first 1,000 seeds the first failure lies, so that the proof is short: the search from 1 finds it too.
FIRST = {
    "replay": 2,
    "no-reread": 1,
    "partial-page": 32,
    "one-window": 99,
}


@pytest.mark.parametrize(("variant", "seed"), FIRST.items())
def test_without_the_safeguard_a_run_ends_wrong(variant: str, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1, and the run that shows it; the same seed with the safeguard ends well."""
    assert main(["--seed", str(seed), "--runs", "1", "--variant", variant]) == 1
    assert f"make simulate SEED={seed} RUNS=1 VARIANT={variant}" in capsys.readouterr().out
    assert main(["--seed", str(seed), "--runs", "1"]) == 0
