"""Phone numbers in E.164."""

import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

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
        ("\uff10\uff13\u2212\uff11\uff12\uff13\uff14\u2212\uff15\uff16\uff17\uff18", "JP", "+81312345678"),
        ("49 171 2345678", "DE", "+491712345678"),
        ("030/123456", "DE", "+4930123456"),
        ("+49 30 123456-0", "DE", "+49301234560"),
        ("Tel. 030 123456", "DE", "+4930123456"),
        ("317-555-0100 ext: 42", "US", "tel:+13175550100;ext=42"),
        ("317-555-0100 #42", "US", "tel:+13175550100;ext=42"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("+44 (0) 7911 123456", "US", "+447911123456"),
        ("0044 (0)20 7946 0018", "GB", "+442079460018"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("335 022 670", "IT", "+39335022670"),
        ("0351-152-303-473", "AR", "+5493512303473"),
        ("011 15-2345-6789", "AR", "+5491123456789"),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("06 20 123 4567", "HU", "+36201234567"),
        ("(11) 91234-5678", "BR", "+5511912345678"),
        ("098765 43210", "IN", "+919876543210"),
    ],
)
def test_numbers_become_e164(text: str, region: str, expected: str) -> None:
    """National, international and extended forms come out as the one form that Genesys Cloud stores."""
    assert to_e164(text, region) == expected


@pytest.mark.parametrize(
    ("text", "region"),
    [
        *((text, "US") for text in ("", "n/a", "0", "42", "+49", "x1234", "9001", "555-0100", "see assistant")),
        *((text, "US") for text in ("+1317555010099999", "+999 1234567", "+" + "1" * 300, "+1 0086-592-5627191")),
        *((text, "DE") for text in ("4711", "x4711", "DW 4711")),
        ("06 12 34 56 7", "FR"),
        ("01 23 45 67 8", "FR"),
        ("079474381", "CH"),
    ],
)
def test_what_is_no_valid_number_is_none(text: str, region: str) -> None:
    """Words, internal extensions, numbers with a digit missing or one too many are nobody's number."""
    assert to_e164(text, region) is None


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("030 123456 Home", "DE"),
        ("030 123456 DW 7", "DE"),
        ("070 123 45 67 (Jobb)", "SE"),
        ("317-555-0100 ask for the desk", "US"),
    ],
)
def test_a_note_is_not_dialled(text: str, region: str) -> None:
    """Letters behind a whole number would become digits of another one: the value is left out."""
    assert to_e164(text, region) is None


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("317-555-0100 or 317-555-0101", "US"),
        ("317-555-0100 / 317-555-0101", "US"),
        ("030 123456 / 123457", "DE"),
        ("030 123456, 030 123457", "DE"),
        ("4711 / 030 123456", "DE"),
        ("+4930123456;+4930123457", "DE"),
    ],
)
def test_two_numbers_are_not_one(text: str, region: str) -> None:
    """Where numbers have many lengths, two of them run together would pass as a third one."""
    assert to_e164(text, region) is None


@pytest.mark.parametrize("hidden", ["\u200b", "\u202a", "\u2060", "\u00ad", "\ufeff", "\x00", "\t", "\n"])
def test_what_cannot_be_seen_makes_a_number_invalid(hidden: str) -> None:
    """Zero-width and control characters in a number are a fault of its source, wherever they stand."""
    assert to_e164(f"+49 30 {hidden}123456", "DE") is None
    assert to_e164(f"+49 30 123456{hidden}", "DE") is None


def test_every_example_of_the_library_is_read_in_six_spellings() -> None:
    """All regions, all kinds of numbers: none is lost or becomes another, however it is written there."""
    wrong = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in range(phonenumbers.PhoneNumberType.VOICEMAIL + 1):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is None:
                continue
            spellings = [
                phonenumbers.format_number(number, PhoneNumberFormat.E164),
                phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL),
                phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL),
                phonenumbers.format_number(number, PhoneNumberFormat.RFC3966),
                phonenumbers.national_significant_number(number),
                phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL).replace("-", ".").replace(" ", "\u00a0"),
            ]
            wrong += [(region, text) for text in spellings if to_e164(text, region) != spellings[0]]
    assert wrong == []


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
    done = subprocess.run(  # noqa: S603 - our own interpreter and a constant program
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert done.stdout.strip() == "[]"
