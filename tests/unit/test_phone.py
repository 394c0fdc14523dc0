"""Phone numbers in E.164."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.mapping.phone import known_region, to_e164


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("(317) 555-0100", "US", "+13175550100"),
        ("+1-317-555-0100", "DE", "+13175550100"),
        ("317.555.0100 x42", "US", "tel:+13175550100;ext=42"),
        ("317 555 0100 ext. 0042", "US", "tel:+13175550100;ext=0042"),
        ("tel:+1-317-555-0100;ext=42", "DE", "tel:+13175550100;ext=42"),
        ("030 123456", "DE", "+4930123456"),
        ("0049 30 123456", "DE", "+4930123456"),
        ("011 49 30 123456", "US", "+4930123456"),
        ("+39 06 1234 5678", "US", "+390612345678"),
        ("+44 (0)20 7946 0018", "US", "+442079460018"),
        ("٣١٧٥٥٥٠١٠٠", "US", "+13175550100"),
    ],
)
def test_numbers_become_e164(text: str, region: str, expected: str) -> None:
    """National, international and extended forms come out as the one form that Genesys Cloud stores."""
    assert to_e164(text, region) == expected


@pytest.mark.parametrize(
    "text",
    ["", "n/a", "42", "555-0100", "+1317555010099999", "+999 1234567", "see assistant", "+" + "1" * 300],
)
def test_what_is_no_number_is_none(text: str) -> None:
    """Words, internal extensions, numbers without area code and numbers too long are no E.164 numbers."""
    assert to_e164(text, "US") is None


def test_an_unlisted_but_possible_number_is_kept() -> None:
    """The right length counts, not the library's table: 555-01xx numbers are assigned to nobody."""
    assert to_e164("+1 317 555 0100", "US") == "+13175550100"


@given(st.text(alphabet="0123456789+-() .;=xext:tel", max_size=30), st.sampled_from(["US", "DE", "IT", "GB"]))
def test_the_result_maps_to_itself(text: str, region: str) -> None:
    """Whatever comes in: what comes out is a fixed point, in every region, so a second sync sends nothing."""
    once = to_e164(text, region)
    if once is not None:
        assert to_e164(once, "US") == once
        assert to_e164(once, region) == once


@pytest.mark.parametrize(
    ("code", "region"), [("us", "US"), (" DE ", "DE"), ("XX", ""), ("", ""), (None, ""), (49, ""), ("USA", "")]
)
def test_known_region(code: object, region: str) -> None:
    """Only a country with a numbering plan is a region."""
    assert known_region(code) == region


def test_only_the_core_of_phonenumbers_is_loaded() -> None:
    """Geocoder, carrier and time zone data (19 MB) stay out of the function's memory and start-up."""
    code = (
        "import sys; from bridge.mapping.phone import to_e164; to_e164('+13175550100', 'US'); "
        "print(sorted(m for m in sys.modules if m.startswith('phonenumbers.') and "
        "m.split('.')[1] in {'geodata', 'geocoder', 'carrierdata', 'carrier', 'tzdata', 'timezone'}))"
    )
    done = subprocess.run(  # noqa: S603  # our own interpreter and a constant program
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert done.stdout.strip() == "[]"
