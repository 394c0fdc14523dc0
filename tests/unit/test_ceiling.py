"""The ceiling's arithmetic."""

import pytest

from bridge.provisioning.ceiling import Ceiling, Change, held_because

DEFAULT = Ceiling(count=1000, percent=50)


def change(removals: int, of: int, *, recent: int = 0, added: int = 0) -> Change:
    """A change of `removals` in a group that had `of` linked members before this sync."""
    return Change(removals=removals, recent=recent, base=of + recent, remaining=of - removals + added)


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        pytest.param(change(0, 0), "", id="nothing to remove"),
        pytest.param(change(1000, 5000), "", id="exactly the count"),
        pytest.param(change(1001, 5000), "ceiling-count", id="one over the count"),
        pytest.param(change(2, 4001, recent=999), "ceiling-count", id="999 yesterday evening and 2 today"),
        pytest.param(change(1, 4001, recent=999), "", id="999 and 1"),
        pytest.param(change(300, 400), "ceiling-percent", id="300 of 400"),
        pytest.param(change(200, 400), "", id="exactly half"),
        pytest.param(change(201, 400), "ceiling-percent", id="one over half"),
        pytest.param(change(11, 21), "ceiling-percent", id="half of 21, rounded down, is 10"),
        pytest.param(change(10, 21), "", id="10 of 21"),
        pytest.param(change(12, 15), "", id="12 of 15: small groups have no percentage"),
        pytest.param(change(15, 15), "ceiling-empty", id="15 of 15"),
        pytest.param(change(5, 5), "ceiling-empty", id="5 of 5"),
        pytest.param(change(5, 5, added=1), "", id="5 of 5 with somebody new"),
        pytest.param(change(4, 4), "", id="4 of 4: too small to guard"),
        pytest.param(change(1, 10, recent=10), "ceiling-percent", id="a slow leak counts what has gone before"),
    ],
)
def test_default_limits(asked: Change, verdict: str) -> None:
    """Each example of the rules is judged as the rules say."""
    assert held_because(asked, DEFAULT) == verdict


def test_percentage_of_zero_is_off() -> None:
    """A percentage of 0 leaves the count and the never-empty rule alone in force."""
    assert held_because(change(300, 400), Ceiling(count=1000, percent=0)) == ""
    assert held_because(change(400, 400), Ceiling(count=1000, percent=0)) == "ceiling-empty"


def test_count_override_is_stricter() -> None:
    """A group's own count holds at its own limit."""
    assert held_because(change(3, 4000), Ceiling(count=2, percent=50)) == "ceiling-count"
