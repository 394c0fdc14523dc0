"""The Okta model's reads: shapes, paging, read lag."""

from __future__ import annotations

import pytest

from tests.unit.okta_model_org import Desk, error_of, next_link


def test_a_user_has_the_documented_fields() -> None:
    """GET /users/{id}: legacy attributes null when empty, others absent, credentials unless left out."""
    desk = Desk()
    user = desk.user()
    document = desk.document(f"/api/v1/users/{user}")
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
    response = desk.call("GET", f"/api/v1/users/{user}", headers=slim)
    assert b'"credentials"' not in response.body
    assert b"credentials/" not in response.body


def test_lists_omit_deprovisioned_users_unless_asked() -> None:
    """GET /users leaves DEPROVISIONED out; filter and search find them, also together with others."""
    desk = Desk()
    one, two = desk.users(2)
    desk.model.deactivate(two)
    assert [user["id"] for user in desk.document("/api/v1/users")] == [one]
    gone = desk.document('/api/v1/users?filter=status+eq+"DEPROVISIONED"')
    assert [user["id"] for user in gone] == [two]
    both = desk.document(
        '/api/v1/users?search=profile.login+sw+"person"+and+(status+eq+"ACTIVE"+or+status+eq+"DEPROVISIONED")'
    )
    assert len(both) == 2
    assert desk.document('/api/v1/users?search=profile.title+eq+"Clerk"') == []
    assert len(desk.document("/api/v1/users?q=person0")) == 1


@pytest.mark.parametrize(
    "expression", ["nonsense", "status eq", '(status eq "A"', 'status like "A"', 'status eq "A" )', "&"]
)
def test_expressions_that_are_not_understood_are_refused(expression: str) -> None:
    """A filter outside the grammar is 400 E0000031, never silently ignored."""
    desk = Desk()
    url = "/api/v1/users?filter=" + expression.replace(" ", "+").replace("&", "%26")
    assert error_of(desk.get(url)) == (400, "E0000031")


def test_groups_are_found_by_name() -> None:
    """GET /groups: ``q`` is the start of the name, ``search`` compares."""
    desk = Desk()
    group = desk.model.create_group("Genesys A")
    desk.model.create_group("Other")
    assert [each["id"] for each in desk.document("/api/v1/groups?q=genesys")] == [group]
    assert [each["id"] for each in desk.document('/api/v1/groups?search=profile.name+eq+"Genesys A"')] == [group]
    changed = '/api/v1/groups?filter=lastMembershipUpdated+gt+"2026-11-24T10:00:00.000Z"'
    assert desk.document(changed) == []
    assert len(desk.document("/api/v1/groups")) == 2


@pytest.mark.parametrize("expand", ["", "&expand=user"])
def test_app_users_are_paged_whole(expand: str) -> None:
    """Following the next links gives every assignment once, with the user when asked."""
    desk = Desk()
    users = desk.users(7)
    for user in users:
        desk.model.assign_user(user)
    pages = desk.pages(f"/api/v1/apps/{desk.app_id}/users?limit=3{expand}")
    assert [len(page) for page in pages] == [3, 3, 1]
    found = [each for page in pages for each in page]
    assert sorted(each["id"] for each in found) == sorted(users)
    assert all(("_embedded" in each) is bool(expand) for each in found)
    if expand:
        assert all(each["_embedded"]["user"]["id"] == each["id"] for each in found)


def test_a_full_last_page_has_no_next_link() -> None:
    """When nothing follows there is no next link, even if the page is full."""
    desk = Desk()
    for user in desk.users(2):
        desk.model.assign_user(user)
    response = desk.get(f"/api/v1/apps/{desk.app_id}/users?limit=2")
    assert next_link(response) == ""
    assert 'rel="self"' in response.headers["Link"]


@pytest.mark.parametrize(
    ("listing", "default"), [("apps/{app}/users", 50), ("apps/{app}/groups", 20), ("groups/{group}/users", 1000)]
)
def test_default_page_sizes(listing: str, default: int) -> None:
    """Without a limit a page holds what Okta documents."""
    desk = Desk()
    group = desk.model.create_group("Genesys A")
    with desk.model.quietly():
        if listing == "apps/{app}/groups":
            for number in range(default + 1):
                desk.model.assign_group(desk.model.create_group(f"Group {number}"))
        else:
            users = desk.users(default + 1)
            desk.model.add_members(group, users)
            desk.model.assign_group(group)
    pages = desk.pages("/api/v1/" + listing.format(app=desk.app_id, group=group))
    assert [len(page) for page in pages] == [default, 1]


@pytest.mark.parametrize("limit", ["0", "501", "many", "-1"])
def test_limits_out_of_range_are_refused(limit: str) -> None:
    """A limit that Okta does not document is a 400 by default."""
    desk = Desk()
    assert error_of(desk.get(f"/api/v1/apps/{desk.app_id}/users?limit={limit}")) == (400, "E0000001")


def test_limits_out_of_range_are_cut_by_switch() -> None:
    """The other answer: the nearest permitted page size."""
    desk = Desk(refuse_limits=False)
    for user in desk.users(3):
        desk.model.assign_user(user)
    assert [len(page) for page in desk.pages(f"/api/v1/apps/{desk.app_id}/users?limit=0")] == [1, 1, 1]
    assert len(desk.pages(f"/api/v1/apps/{desk.app_id}/users?limit=9000")) == 1


def test_paging_survives_changes_between_pages() -> None:
    """Who was there before and after is on exactly one page, whoever leaves or joins meanwhile."""
    desk = Desk()
    users = sorted(desk.users(6))
    for user in users:
        desk.model.assign_user(user)
    response = desk.get(f"/api/v1/apps/{desk.app_id}/users?limit=3")
    desk.model.unassign_user(users[1])
    rest = desk.pages(next_link(response))
    assert [each["id"] for page in rest for each in page] == users[3:]


@pytest.mark.parametrize("after", ["bm9ib2R5!", "%ff"])
def test_a_cursor_of_ones_own_is_refused(after: str) -> None:
    """``after`` is opaque: what Okta did not give is a 400."""
    desk = Desk()
    assert desk.get(f"/api/v1/logs?after={after}").status == 400


@pytest.mark.parametrize(("follow", "origin"), [(False, "https://example.okta.com"), (True, "https://127.0.0.1:8081")])
def test_paging_links_point_to_the_org_or_to_the_host(follow: bool, origin: str) -> None:
    """Links are absolute; served elsewhere they can follow the Host header."""
    desk = Desk(host_links=follow)
    for user in desk.users(2):
        desk.model.assign_user(user)
    response = desk.call("GET", f"/api/v1/apps/{desk.app_id}/users?limit=1", headers={"Host": "127.0.0.1:8081"})
    assert next_link(response).startswith(f"{origin}/api/v1/apps/{desk.app_id}/users?after=")


def test_users_groups_are_listed() -> None:
    """GET /users/{id}/groups: full groups."""
    desk = Desk()
    user = desk.user()
    for name in ("Genesys A", "Genesys B"):
        desk.model.add_members(desk.model.create_group(name), [user])
    found = desk.document(f"/api/v1/users/{user}/groups")
    assert {each["profile"]["name"] for each in found} == {"Genesys A", "Genesys B"}


@pytest.mark.parametrize("shown", [True, False])
def test_group_listings_have_members_of_every_status(shown: bool) -> None:
    """STAGED members are listed; DEPROVISIONED ones by switch."""
    desk = Desk(groups_list_deprovisioned=shown)
    staged, gone = desk.user(activate=False), desk.user("gone@example.com")
    group = desk.model.create_group("Genesys A")
    desk.model.add_members(group, [staged, gone])
    desk.model.deactivate(gone)
    found = {each["id"]: each["status"] for each in desk.document(f"/api/v1/groups/{group}/users")}
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
    response = Desk().get(f"/api/v1/{path}")
    assert error_of(response) == (404, "E0000007")
    assert b"errorCauses" in response.body


def test_a_method_that_a_path_does_not_have_is_405() -> None:
    """E0000022."""
    assert error_of(Desk().call("POST", "/api/v1/logs")) == (405, "E0000022")


def test_every_answer_carries_okta_s_date_and_request_id() -> None:
    """The Date is Okta's clock, whole seconds, also on errors; request ids differ."""
    desk = Desk(clock_offset=-90.0)
    desk.clock.move(0.9)
    answers = [desk.get("/api/v1/users"), desk.get("/api/v1/users/nobody")]
    assert {each.headers["Date"] for each in answers} == {"Tue, 24 Nov 2026 08:58:30 GMT"}
    assert len({each.headers["x-okta-request-id"] for each in answers}) == 2
    user = desk.user()
    assert desk.document(f"/api/v1/users/{user}")["created"] == "2026-11-24T08:58:30.900Z"


def test_reads_lag_behind_every_kind_of_change() -> None:
    """Within the lag users, groups, members and assignments read as they were; after it as they are."""
    desk = Desk(read_lag=5.0)
    user, group = desk.user(), desk.model.create_group("Genesys A")
    assert desk.get(f"/api/v1/users/{user}").status == 404
    assert desk.document("/api/v1/users") == []
    desk.clock.move(5)
    desk.model.assign_group(group)
    desk.model.add_members(group, [user])
    desk.model.update_profile(user, {"title": "Clerk"})
    urls: dict[str, list[object]] = {
        f"/api/v1/groups/{group}/users": [],
        f"/api/v1/users/{user}/groups": [],
        f"/api/v1/apps/{desk.app_id}/users": [],
        f"/api/v1/apps/{desk.app_id}/groups": [],
    }
    assert {url: desk.document(url) for url in urls} == urls
    assert desk.get(f"/api/v1/apps/{desk.app_id}/users/{user}").status == 404
    assert "title" not in desk.document(f"/api/v1/users/{user}")["profile"]
    assert len(desk.document("/api/v1/logs?since=2026-11-24T00:00:00Z")) == 7
    desk.clock.move(5)
    assert [len(desk.document(url)) for url in urls] == [1, 1, 1, 1]
    assert desk.document(f"/api/v1/users/{user}")["profile"]["title"] == "Clerk"
    desk.model.remove_members(group, [user])
    desk.clock.move(4.9)
    assert [len(desk.document(url)) for url in urls] == [1, 1, 1, 1]
    desk.clock.move(0.2)
    assert [len(desk.document(url)) for url in urls] == [0, 0, 0, 1]


def test_a_varying_lag_shows_old_and_new() -> None:
    """With replicas a read right after a change may show either state, never anything else."""
    desk = Desk(read_lag=5.0, read_lag_varies=True)
    user = desk.user()
    desk.clock.move(2.5)
    assert {desk.get(f"/api/v1/users/{user}").status for _ in range(50)} == {200, 404}
    desk.clock.move(2.5)
    assert {desk.get(f"/api/v1/users/{user}").status for _ in range(50)} == {200}


def test_lag_forgets_what_nobody_can_read_any_more() -> None:
    """The past is bounded by the lag, so a long run does not grow."""
    desk = Desk(read_lag=5.0)
    user = desk.user()
    for number in range(50):
        desk.clock.move(1)
        desk.model.update_profile(user, {"title": f"Clerk {number}"})
    past = desk.model.users._past
    assert past is not None
    assert len(past[user]) <= 5
    assert desk.document(f"/api/v1/users/{user}")["profile"]["title"] == "Clerk 44"
