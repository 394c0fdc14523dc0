"""Each effect of the Okta model gives the answer that its name says."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime

import pytest

from bridge_local.faults import Fault
from bridge_local.okta import faults
from bridge_local.okta.ids import EVERYONE
from tests.models.okta_org import START, Context, error_of, next_link


def company(count: int = 5) -> tuple[Context, str]:
    """A group with members; its id."""
    context = Context()
    group = context.model.create_group("Agents")
    context.model.add_members(group, context.users(count))
    return context, f"/api/v1/groups/{group}"


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "E0000001"), (403, "E0000006"), (404, "E0000007"), (405, "E0000022"), (409, "E0000001"), (503, "E0000009")],
)
def test_a_refusal_has_oktas_error_body(status: int, code: str) -> None:
    """Every error field, Okta's own headers, and no link of a listing."""
    context, group = company()
    context.model.faults.add(Fault("/users", faults.refused(status)))
    answer = context.get(f"{group}/users?limit=2")
    assert error_of(answer) == (status, code)
    assert "Link" not in answer.headers
    assert answer.headers["x-okta-request-id"]


def test_limits_end_with_the_bucket_or_with_what_is_written() -> None:
    """429 with the bucket's reset, with one of our own, and the limit of requests at once."""
    context, group = company()
    context.model.faults.add(Fault("", faults.rate_limited(), count=1))
    usual = context.get(group)
    assert (usual.status, usual.headers["X-Rate-Limit-Remaining"]) == (429, "0")
    assert int(usual.headers["X-Rate-Limit-Reset"]) > START.timestamp()
    context.model.faults.add(Fault("", faults.rate_limited("soon"), count=1))
    assert context.get(group).headers["X-Rate-Limit-Reset"] == "soon"
    context.model.faults.add(Fault("", faults.concurrency_limited(), count=1))
    assert context.get(group).headers["X-Rate-Limit-Limit"] == "0"


def test_listings_are_empty_short_or_without_their_link() -> None:
    """Nobody, a few, or a full page that looks like the last one."""
    context, group = company()
    for effect, count in ((faults.empty_listing(), 0), (faults.short_listing(1), 1), (faults.without_link(), 2)):
        context.model.faults.add(Fault("/users", effect, count=1))
        answer = context.get(f"{group}/users?limit=2")
        assert (len(json.loads(answer.body)), next_link(answer)) == (count, "")
    assert len(context.pages(f"{group}/users?limit=2")) == 3


def test_the_groups_of_the_application_are_empty_once() -> None:
    """One answer lists none, the next one all."""
    context, _ = company()
    [group] = set(context.model.groups) - {EVERYONE}
    context.model.assign_group(group)
    context.model.faults.add(Fault("/apps/[^/]+/groups", faults.empty_listing(), count=1))
    url = f"/api/v1/apps/{context.app_id}/groups"
    assert (context.document(url), len(context.document(url))) == ([], 1)


@pytest.mark.parametrize("empty", [False, True])
def test_pages_without_end_have_a_new_cursor_each(empty: bool) -> None:
    """The first page again and again, or nothing, and never the same link."""
    context, group = company()
    context.model.faults.add(Fault("/users", faults.endless_pages(empty=empty)))
    url, links, sizes = f"{group}/users?limit=2", set[str](), set[int]()
    for _ in range(10):
        answer = context.get(url)
        url = next_link(answer)
        links.add(url)
        sizes.add(len(json.loads(answer.body)))
    assert (len(links), sizes) == (10, {0 if empty else 2})


@pytest.mark.parametrize("form", faults.LINK_FORMS)
def test_each_form_of_a_link_leads_to_the_next_page(form: str) -> None:
    """The URL stays; only the way it is written changes, and the last page has none."""
    context, group = company()
    plain = next_link(context.get(f"{group}/users?limit=3"))
    context.model.faults.add(Fault("/users", faults.linked(form)))
    headers = context.get(f"{group}/users?limit=3").headers
    written = " ".join(value for name, value in headers.items() if name.lower() == "link")
    assert plain.removeprefix("https://example.okta.com") in written
    assert "next" in written.lower()
    assert next_link(context.get(plain)) == ""


@pytest.mark.parametrize("target", faults.HOSTILE_LINKS)
def test_each_hostile_link_leads_elsewhere(target: str) -> None:
    """Never the page that would be next."""
    context, group = company()
    plain = next_link(context.get(f"{group}/users?limit=3"))
    context.model.faults.add(Fault("/users", faults.linked_to(target)))
    answer = context.get(f"{group}/users?limit=3")
    assert next_link(answer) != plain
    assert 'rel="next"' in answer.headers["Link"]


@pytest.mark.parametrize("form", faults.DATES)
def test_each_wrong_date_is_not_the_models_own(form: str) -> None:
    """Unreadable, or far from the clock."""
    context, group = company()
    context.model.faults.add(Fault("", faults.dated(form)))
    text = context.get(group).headers["Date"]
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return
    assert abs(date.replace(tzinfo=None) - START.replace(tzinfo=None)).days > 300 or date.utcoffset()


@pytest.mark.parametrize("form", faults.RESETS)
def test_each_wrong_reset_comes_with_nothing_left(form: str) -> None:
    """The answer stands; Remaining is 0 and Reset is not the bucket's."""
    context, group = company()
    before = context.get(group).headers["X-Rate-Limit-Reset"]
    context.model.faults.add(Fault("", faults.used_up(form)))
    answer = context.get(group)
    assert (answer.status, answer.headers["X-Rate-Limit-Remaining"]) == (200, "0")
    assert answer.headers["X-Rate-Limit-Reset"] != before


def test_documents_are_not_what_the_fields_document() -> None:
    """Profiles that are lists or hold objects, a status in lower case, a stamp of another time."""
    context, group = company(2)
    users = f"{group}/users"
    context.model.faults.add(Fault("/users", faults.profile_is_a_list(), count=1))
    assert all(isinstance(user["profile"], list) for user in context.document(users))
    context.model.faults.add(Fault("/users", faults.values_are_objects(), count=1))
    assert context.document(users)[0]["profile"]["firstName"] == {"value": "Ada"}
    context.model.faults.add(Fault("/users", faults.status_in_lower_case(), count=1))
    assert {user["status"] for user in context.document(users)} == {"active"}
    context.model.faults.add(Fault("/users", faults.unknown_status(), count=1))
    assert {user["status"] for user in context.document(users)} == {"FROZEN"}
    context.model.faults.add(Fault("/groups", faults.membership_stamp("2999-01-01T00:00:00.000Z"), count=1))
    assert context.document(group)["lastMembershipUpdated"] == "2999-01-01T00:00:00.000Z"


def test_a_user_embedded_in_an_assignment_suffers_too() -> None:
    """The application's listing shows whole users: they are as odd as those of their own."""
    context, _ = company(1)
    [user] = context.model.users
    context.model.assign_user(user)
    context.model.faults.add(Fault("/apps/", faults.status_in_lower_case()))
    [assignment] = context.document(f"/api/v1/apps/{context.app_id}/users?expand=user")
    assert (assignment["status"], assignment["_embedded"]["user"]["status"]) == ("active", "active")


def test_two_living_users_may_have_one_email() -> None:
    """Only logins are nobody else's."""
    context = Context()
    first = context.model.create_user({"login": "ada@example.com", "email": "one@example.com"})
    second = context.model.create_user({"login": "bea@example.com", "email": "one@example.com"})
    emails = {context.document(f"/api/v1/users/{user}")["profile"]["email"] for user in (first, second)}
    assert emails == {"one@example.com"}
