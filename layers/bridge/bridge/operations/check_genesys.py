"""Checks of Genesys Cloud: hosts, client, region, role, and the names of the groups to link."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase

from bridge.aws.soundings import Sounded, Soundings
from bridge.errors import AuthFailure, SettingsError, Transient
from bridge.operations.checklist import Sheet
from bridge.provisioning.linking import LINKED_BY_OPERATOR, UNLINKED_BY_OPERATOR
from bridge.provisioning.record_ports import GroupLinks
from bridge.provisioning.records import GroupLink, GroupState
from bridge.provisioning.scim import without_case
from bridge.provisioning.values import OktaGroup

_HOST, _TOKEN, _REGION, _ROLE = "genesys.host", "genesys.token", "genesys.region", "genesys.role"
_STAGES = (_HOST, _TOKEN, _REGION, _ROLE)
_WRITES = ("genesys.writes", "genesys.roles")
_GROUPS = ("groups.missing", "groups.double", "groups.spelling", "groups.size")
#: So many groups are asked for, for so long, and so many are named.
MAX_GROUPS, LONGEST, MAX_NAMED = 50, timedelta(seconds=25), 10
_ROADS = ("genesys-connection", "genesys-timeout", "genesys-foreign-origin")


class GenesysChecks:
    """Writes what Genesys Cloud shows on a sheet."""

    def __init__(self, soundings: Soundings, sheet: Sheet, region: str, roles: Sequence[str]) -> None:
        """`region` is that of the settings, for people; `roles` are those that the attribute map may give."""
        self._soundings = soundings
        self._sheet = sheet
        self._region = region
        self._roles = roles

    def run(self) -> None:
        """All of them."""
        sheet = self._sheet
        first = sheet.first_broken(("secret.value", "secret.genesys"))
        if first:
            sheet.skip((*_STAGES, *_WRITES, "genesys.limits"), first)
            return
        users = self._soundings.genesys_users()
        groups = (
            users if self._stage(users) != _ROLE and users.error else self._soundings.genesys_groups("bridge check")
        )
        broken = min((each for each in (users, groups) if each.error), key=self._depth, default=None)
        stage = self._stage(broken) if broken else ""
        for each in _STAGES[: _STAGES.index(stage)] if stage else _STAGES:
            sheet.ok(each, _WELL[each])
        if broken is not None:
            self._write(stage, broken, [each for each in (users, groups) if each.error])
            sheet.skip((*_STAGES, *_WRITES), stage)
        else:
            self._untold()
        limit = self._soundings.limits.get("genesys")
        if limit:
            sheet.ok("genesys.limits", f"{limit} calls a minute")
        elif broken is not None:
            sheet.skip(("genesys.limits",), stage)
        else:
            sheet.unknown("genesys.limits", "the answers report none")

    def _untold(self) -> None:
        """What only a write would show, and a check makes none."""
        sheet = self._sheet
        sheet.unknown("genesys.writes", "cannot be told without a write")
        if self._roles:
            do = "The OAuth client's role needs authorization:grant:add, and Genesys Cloud a role of each name."
            sheet.unknown("genesys.roles", f"cannot be told without a write: {', '.join(self._roles)}", do)
        else:
            sheet.ok("genesys.roles", "AllowedRoles is empty: the attribute map gives no role")

    def _depth(self, sounded: Sounded) -> int:
        return _STAGES.index(self._stage(sounded))

    def _stage(self, sounded: Sounded) -> str:
        """The check that a failure is about."""
        error = sounded.error
        if isinstance(error, SettingsError) or error is None:
            return _TOKEN
        if error.reason in _ROADS:
            return _HOST
        if error.reason.startswith(("genesys-token", "genesys-client")):
            return _TOKEN
        return _REGION if error.status == 401 else _ROLE  # noqa: PLR2004 - unauthorized

    def _write(self, stage: str, broken: Sounded, failed: Sequence[Sounded]) -> None:
        sheet, error = self._sheet, broken.error
        said = str(error) if isinstance(error, SettingsError) or error is None else f"{error.reason} {error.detail}"
        if stage == _HOST:
            do = f"Check GenesysRegion ({self._region}), and the way from AWS to Genesys Cloud."
            sheet.fail(stage, f"no answer: {said.strip()}", do)
        elif not isinstance(error, AuthFailure | SettingsError):
            sheet.unknown(stage, f"no answer: {said.strip()}", "Try again in a minute.")
        elif stage == _TOKEN:
            do = f"Check id and secret of the client, and that its organization is in {self._region} (GenesysRegion)."
            sheet.fail(stage, f"refused: {said.strip()}", do)
        elif stage == _REGION:
            do = f"Check GenesysRegion ({self._region}): the address of Genesys Cloud in the browser tells it."
            sheet.fail(stage, f"the API does not take the token: {said.strip()}", do)
        else:
            named = sorted({word for each in failed for word in _detail(each).split() if word.count(":") == 2})  # noqa: PLR2004 - domain:entity:action
            what = f"; it misses {', '.join(named)}" if named else ""
            do = "Give the OAuth client the role SCIM Integration, in all divisions and Home."
            sheet.fail(stage, f"403{what}", do)


_WELL = {
    _HOST: "both answer",
    _TOKEN: "Genesys Cloud takes the client",
    _REGION: "the region's API takes the token",
    _ROLE: "users and groups can be read",
}


class GroupChecks:
    """Writes on a sheet how the names of the groups to link are on both sides."""

    def __init__(
        self,
        soundings: Soundings,
        sheet: Sheet,
        records: GroupLinks,
        linked_names: Callable[[], Sequence[str]],
        *,
        assigned: bool,
    ) -> None:
        """What the settings link.

        Args:
            soundings: asks both sides.
            sheet: takes what is seen.
            records: say which groups are linked already: those may be called anything.
            linked_names: the names and globs to link.
            assigned: whether the groups that are assigned to the application are linked.
        """
        self._soundings = soundings
        self._sheet = sheet
        self._records = records
        self._linked_names = linked_names
        self._assigned = assigned
        self._named: set[str] = set()

    def run(self, unread: Callable[[str], str]) -> None:
        """All of them; `unread` says which check keeps a scope of Okta from being read."""
        sheet = self._sheet
        broken = unread("groups") or (unread("apps") if self._assigned else "")
        broken = broken or sheet.first_broken(("app.found", "secret.genesys", *_STAGES))
        if broken:
            sheet.skip(_GROUPS, broken)
            return
        groups, error = self._in_scope()
        if error:
            for check in _GROUPS:
                sheet.unknown(check, f"no answer: {error}", "Try again in a minute.")
            return
        self._judge(groups)

    def _in_scope(self) -> tuple[list[OktaGroup], str]:
        """The groups that the settings link, and why they cannot be told."""
        links = self._records.groups()
        named = {link.okta_id for link in links if _is_kept(link)}
        kept_out = {link.okta_id for link in links if link.linked_by == UNLINKED_BY_OPERATOR}
        self._named = set(named)
        if self._assigned:
            sounded = self._soundings.assigned_groups()
            if sounded.error is not None:
                return [], str(sounded.error)
            named |= sounded.value - kept_out
        try:
            patterns = [name.lower() for name in self._linked_names()]
        except (SettingsError, Transient) as error:
            return [], str(error)
        if not patterns:
            found = [self._soundings.group(each).value for each in sorted(named)[: MAX_GROUPS + 1]]
            return [group for group in found if group is not None], ""
        listed = self._soundings.groups()
        if listed.error is not None:
            return [], str(listed.error)
        self._named |= {group.id for group in listed.value if _matches(group, patterns)} - kept_out
        return [group for group in listed.value if group.id in named | self._named], ""

    def _judge(self, groups: Sequence[OktaGroup]) -> None:
        missing: list[OktaGroup] = []
        doubled: list[OktaGroup] = []
        spelled: list[OktaGroup] = []
        large: list[OktaGroup] = []
        names = Counter(without_case(group.name) for group in groups)
        end, seen = self._soundings.now() + LONGEST, 0
        for group in groups[:MAX_GROUPS]:
            if self._soundings.now() > end:
                break
            found = self._soundings.genesys_groups(group.name)
            if found.error is not None:
                break
            seen += 1
            if len(found.value) > 1 or names[without_case(group.name)] > 1:
                doubled.append(group)
            elif not found.value and not self._is_linked(group):
                (spelled if self._is_spelled_otherwise(group.name) else missing).append(group)
            if self._soundings.is_large(group.id).value:
                large.append(group)
        rest = f"; {len(groups) - seen} more were not asked for" if len(groups) > seen else ""
        well = f"{seen} groups{rest}"
        self._write_missing(missing, well)
        self._write("groups.double", doubled, well, "Rename one of them: groups of one name are not linked.")
        self._write(
            "groups.spelling", spelled, well, "Give both the same blanks and letters; upper case does not matter."
        )
        said = f"over 1,000 members: {_named(large)}" if large else "none has over 1,000 members"
        self._sheet.ok("groups.size", f"{said}{rest}", "Genesys Cloud advises at most 1,000." if large else "")

    def _write_missing(self, missing: Sequence[OktaGroup], well: str) -> None:
        """A fault where somebody named the group; one that is only assigned may serve to assign people alone."""
        do = "Create the group in Genesys Cloud with exactly this name."
        named = [group for group in missing if group.id in self._named]
        if missing and not named:
            do = f"If it only assigns people, all is well. {do}"
            self._sheet.unknown("groups.missing", f"not linked: {_named(missing)}", do)
        else:
            self._write("groups.missing", named, well, do)

    def _is_linked(self, group: OktaGroup) -> bool:
        link = self._records.group(group.id)
        return link is not None and link.state is GroupState.LINKED

    def _is_spelled_otherwise(self, name: str) -> bool:
        return any(self._soundings.genesys_groups(other).value for other in spellings(name))

    def _write(self, check: str, groups: Sequence[OktaGroup], well: str, do: str) -> None:
        if groups:
            self._sheet.fail(check, _named(groups), do)
        else:
            self._sheet.ok(check, well)


def spellings(name: str) -> list[str]:
    """Names that look like this one and are none: other blanks, other forms of the same letters."""
    plain = " ".join(name.split())
    forms = [unicodedata.normalize(form, text) for text in (name, plain) for form in ("NFC", "NFD", "NFKC")]
    blanks = [f"{plain} ", f" {plain}", plain.replace(" ", "  "), plain.replace(" ", "\N{NO-BREAK SPACE}")]
    return [other for other in dict.fromkeys((*forms, *blanks)) if other.lower() != name.lower() and other.strip()]


def _matches(group: OktaGroup, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(group.name.lower(), pattern) for pattern in patterns)


def _is_kept(link: GroupLink) -> bool:
    return link.state is GroupState.LINKED or link.linked_by == LINKED_BY_OPERATOR


def _named(groups: Iterable[OktaGroup]) -> str:
    named = [f"{group.name!r} ({group.id})" for group in groups]
    more = f" and {len(named) - MAX_NAMED} more" if len(named) > MAX_NAMED else ""
    return ", ".join(named[:MAX_NAMED]) + more


def _detail(sounded: Sounded) -> str:
    return getattr(sounded.error, "detail", "")
