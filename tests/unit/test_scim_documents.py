"""SCIM documents and PATCH operations, checked against what Genesys Cloud and RFC 7644 say."""

from typing import Any

import pytest

from bridge.provisioning import scim

WORK = 'phoneNumbers[type eq "work"].value'
MOBILE = 'phoneNumbers[type eq "mobile"].value'
DEPARTMENT = f"{scim.ENTERPRISE_USER}:department"

VALUES = {
    "userName": "ada.brook@example.com",
    "displayName": "Ada Brook",
    "title": "Team Lead",
    scim.WORK_EMAIL: "ada.brook@example.com",
    WORK: "tel:+13175550100;ext=42",
    MOBILE: "+13175550101",
    DEPARTMENT: "Sales",
    scim.MANAGER: "7f1c2e34-0000-4000-8000-000000000001",
    scim.DATE_HIRE: "2024-02-29",
}
DOCUMENT = {
    "schemas": [scim.CORE_USER, scim.ENTERPRISE_USER],
    "active": True,
    "externalId": "00uAdaBrook000000001",
    "userName": "ada.brook@example.com",
    "displayName": "Ada Brook",
    "title": "Team Lead",
    "emails": [{"type": "work", "value": "ada.brook@example.com"}],
    "phoneNumbers": [
        {"type": "work", "value": "tel:+13175550100;ext=42"},
        {"type": "mobile", "value": "+13175550101"},
    ],
    scim.ENTERPRISE_USER: {
        "department": "Sales",
        "manager": {"value": "7f1c2e34-0000-4000-8000-000000000001"},
        "dateHire": "2024-02-29",
    },
}


def test_create_document_nests_every_kind_of_path() -> None:
    """Flat values become one resource, with the extension's schema named because it is used."""
    assert scim.create_document(VALUES, active=True, external_id="00uAdaBrook000000001") == DOCUMENT


def test_create_document_names_only_what_it_uses() -> None:
    """Without an enterprise attribute there is no enterprise schema; a password is sent only when given."""
    document = scim.create_document({"userName": "ada@example.com"}, active=False, external_id="x", password="s3cret")
    assert document == {
        "schemas": [scim.CORE_USER],
        "active": False,
        "externalId": "x",
        "password": "s3cret",
        "userName": "ada@example.com",
    }


def test_read_values_is_the_inverse_of_create_document() -> None:
    """Every path reads back what was put there, `active` and `externalId` included."""
    paths = [*VALUES, "active", "externalId"]
    assert scim.read_values(DOCUMENT, paths) == {**VALUES, "active": True, "externalId": "00uAdaBrook000000001"}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"title": None, "phoneNumbers": None, "emails": [], scim.ENTERPRISE_USER: None},
        {"title": "", "phoneNumbers": [{"type": "home", "value": "+13175550102"}], "emails": [{"type": "work"}]},
        {scim.ENTERPRISE_USER: {"manager": None, "department": ""}},
    ],
)
def test_read_values_leaves_out_what_is_absent(document: dict[str, Any]) -> None:
    """Absent, null and empty values, and elements of another type, are missing: none of them is an error."""
    assert scim.read_values(document, [*VALUES]) == {}


def test_read_values_keeps_false() -> None:
    """An inactive user is `active: false`, not a user without the attribute."""
    assert scim.read_values({"active": False}, ["active"]) == {"active": False}


@pytest.mark.parametrize(
    ("path", "left", "right", "equal"),
    [
        ("userName", "Ada.Brook@Example.com", "ada.brook@example.com", True),
        (scim.WORK_EMAIL, "ADA@example.com", "ada@example.com", True),
        ("displayName", "Ada Brook", "ada brook", False),
        (WORK, "tel:+13175550100; ext=42", "tel:+13175550100;ext=42", True),
        (WORK, "tel:+13175550100", "+1 (317) 555-0100", True),
        (WORK, "tel:+13175550100;ext=42", "+13175550100", False),
        (MOBILE, "+13175550101", "+13175550102", False),
        (scim.DATE_HIRE, "2024-02-29", "2024-02-29T00:00:00.000Z", True),
        (scim.DATE_HIRE, "2024-02-29", "2024-03-01", False),
        ("active", True, True, True),
        ("active", True, False, False),
        (DEPARTMENT, "Sales", "Sales ", False),
    ],
)
def test_same(path: str, left: object, right: object, equal: bool) -> None:
    """Equality is Genesys Cloud's own, so that a value it wrote in its form is no change."""
    assert scim.same(path, left, right) is equal
    assert scim.same(path, right, left) is equal


def test_operations_replace_what_is_there_and_add_what_is_not() -> None:
    """A value path that selects something is replaced; new elements of one attribute share one `add`."""
    changes = {WORK: "+13175550100", MOBILE: "+13175550101", scim.WORK_EMAIL: "ada@example.org", "title": "Agent"}
    assert scim.operations(changes, present={scim.WORK_EMAIL}) == [
        {"op": "replace", "path": scim.WORK_EMAIL, "value": "ada@example.org"},
        {
            "op": "add",
            "path": "phoneNumbers",
            "value": [{"type": "mobile", "value": "+13175550101"}, {"type": "work", "value": "+13175550100"}],
        },
        {"op": "replace", "path": "title", "value": "Agent"},
    ]


def test_operations_remove_what_is_cleared() -> None:
    """None removes; an element that is not there needs no operation, since its path would select nothing."""
    assert scim.operations({"title": None, WORK: None, MOBILE: None}, present={WORK}) == [
        {"op": "remove", "path": WORK},
        {"op": "remove", "path": "title"},
    ]


def test_operations_wrap_the_manager() -> None:
    """The manager is a complex attribute: its value is the id within an object."""
    assert scim.operations({scim.MANAGER: "7f1c"}, present=()) == [
        {"op": "replace", "path": scim.MANAGER, "value": {"value": "7f1c"}}
    ]


def test_operations_have_one_order_and_active_last() -> None:
    """The same changes make the same body however they were collected; `active` comes after all others."""
    changes: dict[str, Any] = {"active": True, "userName": "a@example.com", "externalId": "00u", WORK: "+13175550100"}
    expected = scim.operations(changes, present={WORK})
    assert scim.operations(dict(reversed(changes.items())), present={WORK}) == expected
    assert expected[-1] == {"op": "replace", "path": "active", "value": True}
    assert len(expected) == 4


def test_operations_of_nothing() -> None:
    """No change, no operation."""
    assert scim.operations({}, present={"title"}) == []


@pytest.mark.parametrize(
    ("one", "other"), [("stra\u00dfe", "strasse"), ("\u212aate", "kate"), ("\u017fue", "sue")], ids=ascii
)
def test_no_letter_is_another_one_where_case_is_ignored(one: str, other: str) -> None:
    """A sharp s is no double s, the sign for kelvin no k, a long s no s; case alone makes no difference."""
    assert scim.without_case(one) != scim.without_case(other)
    assert scim.without_case(other.upper()) == scim.without_case(other)
