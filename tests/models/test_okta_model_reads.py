"""The Okta model's reads: shapes, paging, read lag."""

from __future__ import annotations

import pytest

from tests.models.okta_org import Context, error_of, next_link


def test_a_user_has_the_documented_fields() -> None:
    """GET /users/{id}: legacy attributes null when empty, others absent, credentials unless left out."""
    context = Context()
    user = context.user()
    document = context.document(f"/api/v1/users/{user}")
    assert document["profile"] == {
        "firstName": "Ada",
        "lastName": "Brook",
        "mobilePhone": None,
        "secondEmail": None,
        "login": "ada.brook@example.com",
        "email": "ada.brook@example.com",
    }
    assert document["status"] == "ACTIVE"
    assert document["created"] == document["activated"] == "2026-11-24T09:00:00.000Z"
    assert document["credentials"]["provider"] == {"type": "OKTA", "name": "OKTA"}
    slim = {"Content-Type": "application/json; okta-response=omitCredentials,omitCredentialsLinks"}
    response = context.call("GET", f"/api/v1/users/{user}", headers=slim)
    assert b'"credentials"' not in response.body
    assert b"credentials/" not in response.body


def test_lists_omit_deprovisioned_users_unless_asked() -> None:
    """GET /users leaves DEPROVISIONED out; filter and search find them, also together with others."""
    context = Context()
    one, two = context.users(2)
    context.model.deactivate(two)
    assert [user["id"] for user in context.document("/api/v1/users")] == [one]
    gone = context.document('/api/v1/users?filter=status+eq+"DEPROVISIONED"')
    assert [user["id"] for user in gone] == [two]
    both = context.document(
        '/api/v1/users?search=profile.login+sw+"person"+and+(status+eq+"ACTIVE"+or+status+eq+"DEPROVISIONED")'
    )
    assert len(both) == 2
    assert context.document('/api/v1/users?search=profile.title+eq+"Clerk"') == []
    assert len(context.document("/api/v1/users?q=person0")) == 1


@pytest.mark.parametrize(
    "expression", ["nonsense", "status eq", '(status eq "A"', 'status like "A"', 'status eq "A" )', "&"]
)
def test_expressions_that_are_not_understood_are_refused(expression: str) -> None:
    """A filter outside the grammar is 400 E0000031, never silently ignored."""
    context = Context()
    url = "/api/v1/users?filter=" + expression.replace(" ", "+").replace("&", "%26")
    assert error_of(context.get(url)) == (400, "E0000031")


def test_groups_are_found_by_name() -> None:
    """GET /groups: ``q`` is the start of the name, ``search`` compares."""
    context = Context()
    group = context.model.create_group("Genesys A")
    context.model.create_group("Other")
    assert [each["id"] for each in context.document("/api/v1/groups?q=genesys")] == [group]
    assert [each["id"] for each in context.document('/api/v1/groups?search=profile.name+eq+"Genesys A"')] == [group]
    changed = '/api/v1/groups?filter=lastMembershipUpdated+gt+"2026-11-24T10:00:00.000Z"'
    assert context.document(changed) == []
    assert len(context.document("/api/v1/groups")) == 3


@pytest.mark.parametrize("expand", ["", "&expand=user"])
def test_app_users_are_paged_whole(expand: str) -> None:
    """Following the next links gives every assignment once, with the user when asked."""
    context = Context()
    users = context.users(7)
    for user in users:
        context.model.assign_user(user)
    pages = context.pages(f"/api/v1/apps/{context.app_id}/users?limit=3{expand}")
    assert [len(page) for page in pages] == [3, 3, 1]
    found = [each for page in pages for each in page]
    assert sorted(each["id"] for each in found) == sorted(users)
    assert all(("_embedded" in each) is bool(expand) for each in found)
    if expand:
        assert all(each["_embedded"]["user"]["id"] == each["id"] for each in found)


def test_a_full_last_page_has_no_next_link() -> None:
    """When nothing follows there is no next link, even if the page is full."""
    context = Context()
    for user in context.users(2):
        context.model.assign_user(user)
    response = context.get(f"/api/v1/apps/{context.app_id}/users?limit=2")
    assert next_link(response) == ""
    assert 'rel="self"' in response.headers["Link"]


@pytest.mark.parametrize(
    ("listing", "default"), [("apps/{app}/users", 50), ("apps/{app}/groups", 20), ("groups/{group}/users", 1000)]
)
def test_default_page_sizes(listing: str, default: int) -> None:
    """Without a limit a page holds what Okta documents."""
    context = Context()
    group = context.model.create_group("Genesys A")
    with context.model.quietly():
        if listing == "apps/{app}/groups":
            for number in range(default + 1):
                context.model.assign_group(context.model.create_group(f"Group {number}"))
        else:
            users = context.users(default + 1)
            context.model.add_members(group, users)
            context.model.assign_group(group)
    pages = context.pages("/api/v1/" + listing.format(app=context.app_id, group=group))
    assert [len(page) for page in pages] == [default, 1]


@pytest.mark.parametrize("limit", ["0", "501", "many", "-1"])
def test_limits_out_of_range_are_refused(limit: str) -> None:
    """A limit that Okta does not document is a 400 by default."""
    context = Context()
    assert error_of(context.get(f"/api/v1/apps/{context.app_id}/users?limit={limit}")) == (400, "E0000001")


def test_limits_out_of_range_are_cut_by_switch() -> None:
    """The other answer: the nearest permitted page size."""
    context = Context(refuse_limits=False)
    for user in context.users(3):
        context.model.assign_user(user)
    assert [len(page) for page in context.pages(f"/api/v1/apps/{context.app_id}/users?limit=0")] == [1, 1, 1]
    assert len(context.pages(f"/api/v1/apps/{context.app_id}/users?limit=9000")) == 1


def test_paging_survives_changes_between_pages() -> None:
    """Who was there before and after is on exactly one page, no matter who leaves or joins meanwhile."""
    context = Context()
    users = sorted(context.users(6))
    for user in users:
        context.model.assign_user(user)
    response = context.get(f"/api/v1/apps/{context.app_id}/users?limit=3")
    context.model.unassign_user(users[1])
    rest = context.pages(next_link(response))
    assert [each["id"] for page in rest for each in page] == users[3:]


@pytest.mark.parametrize("after", ["bm9ib2R5!", "%ff"])
def test_a_cursor_of_ones_own_is_refused(after: str) -> None:
    """``after`` is opaque: what Okta did not give is a 400."""
    context = Context()
    assert context.get(f"/api/v1/logs?after={after}").status == 400


@pytest.mark.parametrize(("follow", "origin"), [(False, "https://example.okta.com"), (True, "https://127.0.0.1:8081")])
def test_paging_links_point_to_the_org_or_to_the_host(follow: bool, origin: str) -> None:
    """Links are absolute; served elsewhere they can follow the Host header."""
    context = Context(host_links=follow)
    for user in context.users(2):
        context.model.assign_user(user)
    response = context.call("GET", f"/api/v1/apps/{context.app_id}/users?limit=1", headers={"Host": "127.0.0.1:8081"})
    assert next_link(response).startswith(f"{origin}/api/v1/apps/{context.app_id}/users?after=")


@pytest.mark.parametrize("shown", [True, False])
def test_users_groups_are_listed(shown: bool) -> None:
    """GET /users/{id}/groups: full groups; whether Everyone is one of them is a switch."""
    context = Context(own_groups_show_everyone=shown)
    user = context.user()
    for name in ("Genesys A", "Genesys B"):
        context.model.add_members(context.model.create_group(name), [user])
    found = context.document(f"/api/v1/users/{user}/groups")
    assert {each["profile"]["name"] for each in found} == {"Genesys A", "Genesys B", *(["Everyone"] if shown else [])}


@pytest.mark.parametrize("shown", [True, False])
def test_group_listings_have_members_of_every_status(shown: bool) -> None:
    """STAGED members are listed; DEPROVISIONED ones by switch."""
    context = Context(groups_list_deprovisioned=shown)
    staged, gone = context.user(activate=False), context.user("gone@example.com")
    group = context.model.create_group("Genesys A")
    context.model.add_members(group, [staged, gone])
    context.model.deactivate(gone)
    found = {each["id"]: each["status"] for each in context.document(f"/api/v1/groups/{group}/users")}
    assert found == {staged: "STAGED"} | ({gone: "DEPROVISIONED"} if shown else {})


@pytest.mark.parametrize(
    "path",
    [
        "users/00uNobodyAtAllHere5d7",
        "users/00uNobodyAtAllHere5d7/groups",
        "groups/00gNoSuchGroupHere5d7",
        "groups/00gNoSuchGroupHere5d7/users",
        "apps/0oaNoSuchAppAtAll5d7",
        "apps/0oaNoSuchAppAtAll5d7/users",
        "apps/0oaNoSuchAppAtAll5d7/groups",
        "eventHooks/whoNoSuchHookHere5d7",
        "somethingElse",
    ],
)
def test_what_is_not_there_is_404(path: str) -> None:
    """E0000007 with Okta's five fields."""
    response = Context().get(f"/api/v1/{path}")
    assert error_of(response) == (404, "E0000007")
    assert b"errorCauses" in response.body


def test_a_method_that_a_path_does_not_have_is_405() -> None:
    """E0000022."""
    assert error_of(Context().call("POST", "/api/v1/logs")) == (405, "E0000022")


def test_every_answer_carries_okta_s_date_and_request_id() -> None:
    """The Date is Okta's clock, whole seconds, also on errors; request ids differ."""
    context = Context(clock_offset=-90.0)
    context.clock.move(0.9)
    answers = [context.get("/api/v1/users"), context.get("/api/v1/users/nobody")]
    assert {each.headers["Date"] for each in answers} == {"Tue, 24 Nov 2026 08:58:30 GMT"}
    assert len({each.headers["x-okta-request-id"] for each in answers}) == 2
    user = context.user()
    assert context.document(f"/api/v1/users/{user}")["created"] == "2026-11-24T08:58:30.900Z"


def test_reads_lag_behind_every_kind_of_change() -> None:
    """Within the lag users, groups, members and assignments read as they were; after it as they are."""
    context = Context(read_lag=5.0, own_groups_show_everyone=False)
    user, group = context.user(), context.model.create_group("Genesys A")
    assert context.get(f"/api/v1/users/{user}").status == 404
    assert context.document("/api/v1/users") == []
    context.clock.move(5)
    context.model.assign_group(group)
    context.model.add_members(group, [user])
    context.model.update_profile(user, {"title": "Clerk"})
    urls: dict[str, list[object]] = {
        f"/api/v1/groups/{group}/users": [],
        f"/api/v1/users/{user}/groups": [],
        f"/api/v1/apps/{context.app_id}/users": [],
        f"/api/v1/apps/{context.app_id}/groups": [],
    }
    assert {url: context.document(url) for url in urls} == urls
    assert context.get(f"/api/v1/apps/{context.app_id}/users/{user}").status == 404
    assert "title" not in context.document(f"/api/v1/users/{user}")["profile"]
    assert len(context.document("/api/v1/logs?since=2026-11-24T00:00:00Z")) == 7
    context.clock.move(5)
    assert [len(context.document(url)) for url in urls] == [1, 1, 1, 1]
    assert context.document(f"/api/v1/users/{user}")["profile"]["title"] == "Clerk"
    context.model.remove_members(group, [user])
    context.clock.move(4.9)
    assert [len(context.document(url)) for url in urls] == [1, 1, 1, 1]
    context.clock.move(0.2)
    assert [len(context.document(url)) for url in urls] == [0, 0, 0, 1]


def test_a_varying_lag_shows_old_and_new() -> None:
    """With replicas a read right after a change may show either state, never anything else."""
    context = Context(read_lag=5.0, read_lag_varies=True)
    user = context.user()
    context.clock.move(2.5)
    assert {context.get(f"/api/v1/users/{user}").status for _ in range(50)} == {200, 404}
    context.clock.move(2.5)
    assert {context.get(f"/api/v1/users/{user}").status for _ in range(50)} == {200}


def test_lag_forgets_what_nobody_can_read_any_more() -> None:
    """The past is bounded by the lag, so a long run does not grow."""
    context = Context(read_lag=5.0)
    user = context.user()
    for number in range(50):
        context.clock.move(1)
        context.model.update_profile(user, {"title": f"Clerk {number}"})
    past = context.model.users._past
    assert past is not None
    assert len(past[user]) <= 5
    assert context.document(f"/api/v1/users/{user}")["profile"]["title"] == "Clerk 44"
