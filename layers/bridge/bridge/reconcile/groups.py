"""The linked groups' members on both sides, and the groups in scope that have no link."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bridge.provisioning.linking import Linking
from bridge.provisioning.membership import Membership, read_membership
from bridge.provisioning.ports import GenesysReader, OktaReader
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import GroupLink, GroupState
from bridge.provisioning.runs import Finding, Phase, Run, Step
from bridge.provisioning.scim import without_case
from bridge.provisioning.values import OktaGroup
from bridge.reconcile.items import group_items, waiting_users
from bridge.reconcile.reading import Session
from bridge.settings import ProvisioningSettings

#: So many groups are compared before the run writes down where it stands.
GROUPS_AT_A_TIME = 10


class Groups:
    """The phase that compares groups. In memory: the ids of the groups, and the members of one of them."""

    def __init__(
        self,
        *,
        okta: OktaReader,
        genesys: GenesysReader,
        store: Store,
        linking: Linking,
        settings: ProvisioningSettings,
    ) -> None:
        """Everything the comparison needs, as ports."""
        self._okta = okta
        self._genesys = genesys
        self._store = store
        self._linking = linking
        self._settings = settings

    def compare(self, run: Run, session: Session) -> Iterator[Step]:
        """Compare every group in scope and send an item for each that differs, some groups a step.

        The first whole reconcile enqueues them all: until then no group has had its users.

        Raises:
            Implausible, NotYet, Transient, Permanent: as `Session.ask`.
        """
        app = session.ask(self._store.app)
        in_scope = self._in_scope(session, app.epoch)
        left = sorted(group_id for group_id in in_scope if group_id > run.place)
        for done, group_id in enumerate(left, start=len(in_scope) - len(left) + 1):
            if not app.bootstrapped or self._differs(session, group_id, in_scope[group_id], app.epoch):
                session.send(group_items(run, [group_id]))
            if done % GROUPS_AT_A_TIME == 0:
                yield Step(Phase.GROUPS, group_id, done, len(in_scope))
        yield Step(Phase.CLOSING)

    # ------------------------------------------------------------------------------------------- scope

    def _in_scope(self, session: Session, epoch: int) -> dict[str, GroupLink | None]:
        """Okta id -> link of every linked group, and of every other group that a rule puts in scope."""
        links = {link.okta_id: link for link in session.ask(self._store.groups)}
        ids = {
            okta_id
            for okta_id, link in links.items()
            if link.state is GroupState.LINKED or link.linked_by == "operator"
        }
        ids |= session.ask(partial(self._linking.assigned, epoch))
        if session.ask(self._linking.by_name):
            ids |= {
                group.id for group in self._all_groups(session) if self._linking.rule(group, links.get(group.id), epoch)
            }
        return {okta_id: links.get(okta_id) for okta_id in ids}

    def _all_groups(self, session: Session) -> Iterator[OktaGroup]:
        for page in session.pages(self._okta.groups_page):
            yield from page.entries

    # --------------------------------------------------------------------------------------- comparing

    def _differs(self, session: Session, okta_id: str, link: GroupLink | None, epoch: int) -> bool:
        """Whether a sync of this group could change anything."""
        group = session.ask(partial(self._okta.group, okta_id)).value
        if link is None or link.state is not GroupState.LINKED:
            return group is not None and self._may_be_linked(session, group)
        if group is None:  # gone in Okta: its members wait for a person, those too whom somebody added by hand
            seen = session.ask(partial(read_membership, self._genesys, self._store, link, frozenset()))
            return seen is None or session.ask(partial(self._leaving_differ, link, seen))
        if not self._linking.rule(group, link, epoch) or not link.first_sync_ended:
            return True
        listed = session.ask(partial(self._okta.group_users, okta_id)).value
        if listed is None:
            return True
        seen = session.ask(partial(read_membership, self._genesys, self._store, link, listed))
        if seen is None:
            return True
        if without_case(seen.name) != without_case(group.name):
            session.find(Finding.GROUP_RENAMED, okta_id)
        if not seen.additions() and not session.ask(partial(self._leaving_differ, link, seen)):
            return False
        session.find(Finding.MEMBERS_DIFFER, okta_id)
        return True

    def _leaving_differ(self, link: GroupLink, seen: Membership) -> bool:
        """Whether there are members to remove whom no hold stages yet, or staged ones who are back."""
        leaving = seen.removals(self._settings.inactive_members).keys() - self._store.exceptions(link.entity)
        return leaving != waiting_users(self._store, link.entity)

    def _may_be_linked(self, session: Session, group: OktaGroup) -> bool:
        """Whether Genesys Cloud has the one group of this name that nobody owns."""
        found = session.ask(partial(self._genesys.find_groups, group.name))
        if len(found) == 1 and not session.ask(lambda: self._store.owners([found[0].id])):
            return True
        session.find(Finding.GROUP_NOT_LINKED, group.id)
        return False
