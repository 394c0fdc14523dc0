"""The body of a delivery: what is read, and which message refuses the rest."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import InvalidDelivery
from bridge.okta.delivery import EVENT_TYPE, MAX_DEPTH, parse_delivery

ENVELOPE = {"eventType": EVENT_TYPE, "eventId": "5f0c1f1e-2b7d-4c59-9a43-00000000d001", "data": {"events": []}}


def with_text(text: str) -> bytes:
    """A delivery with `text` as the one event."""
    return f'{{"eventType": "{EVENT_TYPE}", "data": {{"events": [{text}]}}}}'.encode()


def test_a_delivery_is_its_id_and_its_events() -> None:
    """The envelope's id and the events come out as they went in, whatever the events are."""
    events = [{"uuid": "a", "displayMessage": "Zoë 🙂"}, None, 7]
    delivery = parse_delivery(json.dumps({**ENVELOPE, "data": {"events": events, "more": 1}}).encode())
    assert delivery.id == ENVELOPE["eventId"]
    assert delivery.events == events


@pytest.mark.parametrize("event_id", [None, 7, "", "Ada Brook <ada.brook@example.com>", ["x"]])
def test_an_odd_delivery_id_is_left_out(event_id: object) -> None:
    """The id goes to the log, so only a plain one is kept; the delivery is good all the same (Preview)."""
    assert parse_delivery(json.dumps({**ENVELOPE, "eventId": event_id}).encode()).id == ""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "body: expected JSON (character 0)"),
        (b'{"eventType": secret}', "body: expected JSON (character 14)"),
        (b"\xff\xfe", "body: expected UTF-8"),
        (b'"\xed\xa0\x80"', "body: expected UTF-8"),
        (b"[]", "body: expected a JSON object"),
        (b"null", "body: expected a JSON object"),
        (b"{}", "eventType: expected com.okta.event_hook"),
        (b'{"eventType": "com.okta.inline"}', "eventType: expected com.okta.event_hook"),
        (b'{"eventType": "com.okta.event_hook"}', "data: expected an object"),
        (b'{"eventType": "com.okta.event_hook", "data": []}', "data: expected an object"),
        (b'{"eventType": "com.okta.event_hook", "data": {}}', "data.events: expected a list"),
        (b'{"eventType": "com.okta.event_hook", "data": {"events": {}}}', "data.events: expected a list"),
        (with_text("NaN"), "body: expected finite numbers of a usual size"),
        (with_text("-Infinity"), "body: expected finite numbers of a usual size"),
        (with_text("1e999"), "body: expected finite numbers of a usual size"),
        (with_text("1" * 5000), "body: expected finite numbers of a usual size"),
        (with_text('{"uuid": "a", "uuid": "b"}'), "body: expected objects without duplicate keys"),
        (with_text('"\\ud83d"'), "body: expected text without lone surrogates"),
        (with_text('{"\\ude00": 1}'), "body: expected text without lone surrogates"),
        (with_text("[" * MAX_DEPTH + "]" * MAX_DEPTH), "body: expected at most 32 levels"),
        (b"[" * 500_000, "body: expected at most 32 levels"),
    ],
)
def test_a_bad_body_is_refused_with_field_and_expectation(body: bytes, message: str) -> None:
    """Each refusal names the field and what was expected, and repeats nothing of the body."""
    with pytest.raises(InvalidDelivery) as refused:
        parse_delivery(body)
    assert str(refused.value) == message


def test_the_deepest_allowed_body_passes() -> None:
    """32 levels are allowed: the envelope, data and events are three of them."""
    inner = MAX_DEPTH - 3
    assert parse_delivery(with_text("[" * inner + "7" + "]" * inner)).events


def test_a_pair_of_surrogates_is_one_character() -> None:
    """An escaped character beyond the basic plane is sound JSON."""
    assert parse_delivery(with_text('"\\ud83d\\ude42"')).events == ["🙂"]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.binary(max_size=60))
def test_no_bytes_break_the_parser(noise: bytes) -> None:
    """Whatever the bytes, the answer is a delivery or InvalidDelivery."""
    with pytest.raises(InvalidDelivery):
        parse_delivery(noise)
