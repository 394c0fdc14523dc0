"""The people and groups that ``events/`` speaks of, as they are before any of those events: nobody has been told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bridge.provisioning.record_ports import UserLinks
from bridge.provisioning.user_records import Origin, UserState
from bridge_local.genesys import GenesysModel
from bridge_local.okta import OktaModel

ADA, BEN, CLEO, DAN, FAY = (f"00u1bridge000000000{number}" for number in (1, 2, 4, 5, 6))
SUPPORT, SALES = "00g1bridge0000000001", "00g1bridge0000000002"
NAMES = {
    ADA: ("Ada", "Brook"),
    BEN: ("Ben", "Field"),
    CLEO: ("Cleo", "Marsh"),
    DAN: ("Dan", "Hill"),
    FAY: ("Fay", "Grove"),
}
#: Groups by Okta id: the name, the same in Genesys Cloud, and who is in the Okta group.
GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    SUPPORT: ("Support Berlin", (ADA,)),
    SALES: ("Sales Leeds", (CLEO, FAY)),
}
#: Those whom the bridge has created in Genesys Cloud, and those of them who have left Okta since, unnoticed.
LINKED, LEFT = (BEN, DAN, FAY), (BEN, DAN)


def add(okta: OktaModel, genesys: GenesysModel, store: UserLinks) -> None:
    """Make them, without any event: what becomes of them is up to the events that are sent by hand."""
    with okta.quietly():
        for user_id, (first, last) in NAMES.items():
            profile = {"login": login(user_id), "firstName": first, "lastName": last, "title": "Agent"}
            okta.create_user(profile, user_id=user_id)
            okta.assign_user(user_id)
        for group_id, (name, members) in GROUPS.items():
            okta.create_group(name, group_id=group_id)
            okta.add_members(group_id, members)
            okta.assign_group(group_id)
            genesys.add_group(name)
        for user_id in LINKED:
            _link(user_id, genesys, store)
        for user_id in LEFT:
            okta.deactivate(user_id)


def login(user_id: str) -> str:
    """The login and e-mail address of one of them."""
    return ".".join(NAMES[user_id]).lower() + "@example.com"


def _link(user_id: str, genesys: GenesysModel, store: UserLinks) -> None:
    document = {
        "userName": login(user_id),
        "displayName": " ".join(NAMES[user_id]),
        "active": True,
        "externalId": user_id,
    }
    store.claim_user(
        replace(
            store.begin_user_sync(user_id),
            state=UserState.LINKED,
            genesys_id=genesys.add_user(document),
            active=True,
            origin=Origin.CREATED,
            status="ACTIVE",
        )
    )
