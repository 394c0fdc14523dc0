"""Both sides as they are now, attribute by attribute or member by member; values go into the answer alone."""

from __future__ import annotations

from bridge.errors import Permanent
from bridge.operations import answers
from bridge.operations.preview import Preview
from bridge.provisioning import scim
from bridge.provisioning.assignments import ASSIGNED_STATUSES
from bridge.provisioning.elements import is_withdrawn, others
from bridge.provisioning.ports import GenesysReader, OktaReader, UserMapper
from bridge.provisioning.record_ports import Store
from bridge.provisioning.users import ACTIVE_STATUSES
from bridge.provisioning.values import ScimUser


class Comparison:
    """Compares one entity; writes nothing."""

    def __init__(
        self, okta: OktaReader, genesys: GenesysReader, store: Store, mapper: UserMapper, preview: Preview
    ) -> None:
        """Everything it reads, and what tries the sync of a group."""
        self._okta = okta
        self._genesys = genesys
        self._store = store
        self._mapper = mapper
        self._preview = preview

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
            by_map = self._mapper.map_user(user, app_user)
        except Permanent as error:
            return answers.Compared(entity=entity, genesys_id=None, state=error.reason)
        # The manager is known by Genesys Cloud's id alone, which only a sync finds.
        mapped = {**by_map.values, "externalId": okta_id}
        wanted = {path: value for path, value in mapped.items() if path != scim.MANAGER}
        account = self._account(okta_id, str(wanted["userName"]))
        if account is None:
            state = "not-in-genesys-cloud" if assigned else "not-assigned"
            return answers.Compared(entity=entity, genesys_id=None, state=state)
        link = self._store.user(okta_id)
        written = link.hashes if link else {}
        cleared = [path for path in written if path not in {*wanted, scim.MANAGER} and is_withdrawn(path, wanted)]
        cleared += others(account.document, by_map.lists, wanted)
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
        """The plan of a sync, person by person."""
        report = self._preview.report(entity)
        link, plan = self._store.group(okta_id), report.plan
        genesys_id = link.genesys_id or None if link is not None else None
        if plan is None:
            return answers.Compared(entity=entity, genesys_id=genesys_id, state=report.why or report.outcome)
        return answers.Compared(
            entity=entity,
            genesys_id=genesys_id,
            state="",
            why=report.why,
            joining=list(report.joining),
            leaving=sorted(plan.released),
            waiting=sorted(plan.later),
            held=sorted(plan.held),
            excepted=sorted(self._store.exceptions(entity) - plan.unexcepted | plan.excepted),
            unlinked_members=int(report.read["unlinked-members"]),
        )
