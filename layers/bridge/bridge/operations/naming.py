"""Names for people: who is meant, and what the groups are called. They go into the answer and nowhere else."""

from __future__ import annotations

from bridge.aws.names import Names, Pushed, Side
from bridge.operations import answers, match_answers
from bridge.operations.match_requests import GroupImport, NamesOf
from bridge.operations.requests import Find, GroupList
from bridge.provisioning.ceiling import of_group
from bridge.provisioning.linking import UNLINKED_BY_OPERATOR
from bridge.provisioning.record_ports import Store
from bridge.provisioning.records import GroupLink, GroupState
from bridge.provisioning.scim import without_case
from bridge.settings import ProvisioningSettings

#: Pushed groups an answer: each costs a call of each side.
PUSHED = 20


class NamingService:
    """Answers with names."""

    def __init__(self, store: Store, names: Names, settings: ProvisioningSettings) -> None:
        """`names` asks both sides; `settings` have the ceilings of groups without one of their own."""
        self._store = store
        self._settings = settings
        self._names = names

    def find(self, asked: Find) -> answers.FoundEntities:
        """Answers ``find``."""
        find = {"user": self._names.users, "group": self._names.groups, "account": self._names.accounts}
        found = find[asked.kind](asked.name)
        named = [answers.Named(entity=f"{asked.kind}:{key}", name=name) for key, name in sorted(found.items())]
        return answers.FoundEntities(found=named)

    def called(self, asked: NamesOf) -> answers.FoundEntities:
        """Answers ``names``; who is not there any more is missing."""
        of = {
            "user": self._names.okta_user,
            "group": self._names.okta_group_name,
            "account": self._names.genesys_user,
        }
        found = {entity: of[entity.partition(":")[0]](entity.partition(":")[2]) for entity in asked.entities}
        named = [answers.Named(entity=entity, name=name) for entity, name in found.items() if name]
        return answers.FoundEntities(found=named)

    def groups(self, asked: GroupList) -> answers.GroupsListed:
        """Answers ``group.list``."""
        links = sorted(
            (link for link in self._store.groups() if link.okta_id > asked.after), key=lambda link: link.okta_id
        )
        page = links[: asked.limit]
        return answers.GroupsListed(
            groups=[self._line(link) for link in page], next=page[-1].okta_id if len(links) > len(page) else None
        )

    def pushed(self, asked: GroupImport) -> match_answers.PushedGroups:
        """Answers ``group.import``."""
        found = self._names.pushed()
        if found is None:
            return match_answers.PushedGroups(known=False, groups=[], next=None)
        rest = [each for each in found if each.source > asked.after]
        page = rest[:PUSHED]
        return match_answers.PushedGroups(
            known=True,
            groups=[self._pushed(each) for each in page],
            next=page[-1].source if len(rest) > len(page) else None,
        )

    def _pushed(self, pushed: Pushed) -> match_answers.PushedGroup:
        name = self._names.okta_group_name(pushed.source)
        found = self._names.genesys_groups(name) if name else []
        link = self._store.group(pushed.source) or GroupLink(pushed.source)
        genesys_id = link.genesys_id or (found[0] if len(found) == 1 else "")
        owner = self._store.owners([genesys_id]).get(genesys_id, link.entity) if genesys_id else link.entity
        state, why = "to-do", ""
        if not pushed.active:
            state = "inactive"
        elif link.linked_by == UNLINKED_BY_OPERATOR:
            state = "kept-out"
        elif link.state is GroupState.LINKED:
            state, why = "done", link.linked_by
        elif not name:
            state, why = "cannot", "no-such-group"
        elif pushed.target and without_case(pushed.target) != without_case(name):
            state, why = "cannot", "pushed-under-another-name"
        elif len(found) != 1:
            state, why = "cannot", "ambiguous" if found else "no-match"
        elif owner != link.entity:
            state, why = "cannot", "taken"
        return match_answers.PushedGroup.model_validate(
            {
                "entity": link.entity,
                "okta_name": name,
                "target": pushed.target,
                "genesys_id": genesys_id or None,
                "state": state,
                "why": why,
            }
        )

    def _line(self, link: GroupLink) -> answers.GroupLine:
        okta = self._names.okta_group(link.okta_id)
        genesys = self._names.genesys_group(link.genesys_id) if link.genesys_id else Side()
        hold = self._store.hold(f"group:{link.okta_id}")
        is_open = hold is not None and f"group:{link.okta_id}" in self._store.open_hold_entities()
        ceiling = of_group(link, self._settings)
        return answers.GroupLine(
            entity=f"group:{link.okta_id}",
            okta_name=okta.name,
            okta_members=okta.members,
            okta_more=okta.more,
            genesys_id=link.genesys_id or None,
            genesys_name=genesys.name,
            genesys_members=genesys.members,
            state=link.state.value,
            linked_by=link.linked_by,
            why=link.why,
            held=hold.staged if hold is not None and is_open else 0,
            ceiling=ceiling.count,
            ceiling_percent=ceiling.percent,
            own_ceiling=link.ceiling is not None or link.ceiling_percent is not None,
        )
