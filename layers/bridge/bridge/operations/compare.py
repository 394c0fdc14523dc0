"""Both sides as they are now, attribute by attribute or member by member; values go into the answer alone."""

from __future__ import annotations

from bridge.errors import Permanent
from bridge.operations import answers
from bridge.provisioning import scim
from bridge.provisioning.assignments import ASSIGNED_STATUSES
from bridge.provisioning.membership import Membership
from bridge.provisioning.ports import GenesysReader, OktaReader, UserMapper
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import GroupState
from bridge.provisioning.users import ACTIVE_STATUSES
from bridge.provisioning.values import ScimUser
from bridge.settings import ProvisioningSettings


class Comparison:
    """Compares one entity; writes nothing."""

    def __init__(
        self, okta: OktaReader, genesys: GenesysReader, store: Store, mapper: UserMapper, settings: ProvisioningSettings
    ) -> None:
        """Everything it reads."""
        self._okta = okta
        self._genesys = genesys
        self._store = store
        self._mapper = mapper
        self._settings = settings

    def compare(self, entity: str) -> answers.Compared:
        """Answers ``diff`` with an entity."""
        kind, _, okta_id = entity.partition(":")
        return self._user(entity, okta_id) if kind == "user" else self._group(entity, okta_id)

    def _user(self, entity: str, okta_id: str) -> answers.Compared:
        user = self._okta.user(okta_id).value
        if user is None:
            return answers.Compared(entity=entity, genesys_id=None, state="not-in-okta")
        app_user = self._okta.app_user(okta_id).value
        assigned = app_user is not None and app_user.status in ASSIGNED_STATUSES
        try:
            mapped = self._mapper.map_user(user, app_user).values
        except Permanent as error:
            return answers.Compared(entity=entity, genesys_id=None, state=error.reason)
        # The manager is known by Genesys Cloud's id alone, which only a sync finds.
        wanted = {path: value for path, value in {**mapped, "externalId": okta_id}.items() if path != scim.MANAGER}
        account = self._account(okta_id, str(wanted["userName"]))
        if account is None:
            state = "not-in-genesys-cloud" if assigned else "not-assigned"
            return answers.Compared(entity=entity, genesys_id=None, state=state)
        link = self._store.user(okta_id)
        cleared = [path for path in (link.hashes if link else {}) if path not in {*wanted, scim.MANAGER}]
        held = scim.read_values(account.document, [*wanted, *cleared])
        rows = [self._row(path, wanted.get(path), held.get(path)) for path in sorted({*wanted, *cleared})]
        active = assigned and user.status in ACTIVE_STATUSES
        rows.append(answers.Attribute(path="active", wanted=active, held=account.active, same=active == account.active))
        excepted = ["app"] if not assigned and okta_id in self._store.exceptions("app") else []
        state = "" if assigned else "not-assigned"
        return answers.Compared(entity=entity, genesys_id=account.id, state=state, attributes=rows, excepted=excepted)

    def _account(self, okta_id: str, user_name: str) -> ScimUser | None:
        """The linked account, else the one that a sync would find."""
        link = self._store.user(okta_id)
        if link is not None and link.genesys_id:
            return self._genesys.user(link.genesys_id)
        found = self._genesys.find_users("externalId", okta_id) or self._genesys.find_users("userName", user_name)
        return self._genesys.user(found[0].id) if len(found) == 1 else None

    @staticmethod
    def _row(path: str, wanted: object, held: object) -> answers.Attribute:
        same = wanted == held if wanted is None or held is None else scim.same(path, wanted, held)
        return answers.Attribute(path=path, wanted=wanted, held=held, same=same)

    def _group(self, entity: str, okta_id: str) -> answers.Compared:
        link = self._store.group(okta_id)
        if link is None or link.state is not GroupState.LINKED:
            why = link.why if link is not None and link.why else "not-linked"
            return answers.Compared(entity=entity, genesys_id=None, state=why)
        group = self._genesys.group(link.genesys_id)
        if group is None:
            return answers.Compared(entity=entity, genesys_id=link.genesys_id, state="genesys-group-gone")
        members = group.members
        if members is None:
            return answers.Compared(entity=entity, genesys_id=link.genesys_id, state="members-missing")
        listed = self._okta.group_users(okta_id).value
        owner = {
            member: entity_.removeprefix("user:")
            for member, entity_ in self._store.owners(members).items()
            if entity_.startswith("user:")
        }
        shown = listed or frozenset()
        links = self._store.users(shown | frozenset(owner.values()))
        membership = Membership(listed=shown, links=links, members=members, owner=owner, name=group.display_name)
        leaving, exceptions = membership.removals(self._settings.inactive_members), self._store.exceptions(entity)
        joining = {links[okta].genesys_id: okta for okta in shown if okta in links}
        return answers.Compared(
            entity=entity,
            genesys_id=link.genesys_id,
            state="" if listed is not None else "not-in-okta",
            joining=sorted(joining[member] for member in membership.additions()),
            leaving=sorted(leaving.keys() - exceptions),
            excepted=sorted(exceptions & leaving.keys()),
            unlinked_members=len(members) - len(owner),
        )
