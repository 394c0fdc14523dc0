"""What another attribute map would do: to one user, and to how many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from bridge.errors import Permanent, SettingsError
from bridge.operations import answers, bridge_answers
from bridge.operations.answers import Refused
from bridge.operations.compare import Comparison
from bridge.operations.requests import MapDiff, MapTry
from bridge.provisioning import scim
from bridge.provisioning.ports import OktaReader, UserMapper
from bridge.provisioning.values import AppUser, MappedUser, OktaUser


class MapService:
    """Tries maps; nothing is written."""

    def __init__(
        self,
        okta: OktaReader,
        present: UserMapper,
        parse: Callable[[str], UserMapper],
        compare: Callable[[UserMapper], Comparison],
    ) -> None:
        """What it needs.

        Args:
            okta: lists who is assigned.
            present: the map in force.
            parse: makes a map of a text; SettingsError when it is wrong.
            compare: makes a comparison by a map.
        """
        self._okta = okta
        self._present = present
        self._parse = parse
        self._compare = compare

    def attempt(self, asked: MapTry) -> answers.Compared:
        """Answers ``map.try``."""
        return self._compare(self._map(asked.text)).compare(asked.entity)

    def differences(self, asked: MapDiff) -> bridge_answers.MapDifference:
        """Answers ``map.diff``."""
        wanted = self._map(asked.text)
        page = self._okta.app_users_page(asked.following)
        attributes: Counter[str] = Counter()
        rewritten = unmappable = 0
        for entry in page.entries:
            if entry.user is None:
                continue
            before, after = _mapped(self._present, entry.user, entry), _mapped(wanted, entry.user, entry)
            if after is None:
                unmappable += before is not None
                rewritten += before is not None
                continue
            differing = _differing(before or _NOTHING, after)
            attributes.update(differing)
            rewritten += bool(differing)
        return bridge_answers.MapDifference(
            people=len(page.entries),
            rewritten=rewritten,
            attributes=dict(sorted(attributes.items())),
            unmappable=unmappable,
            next=page.following or None,
        )

    def _map(self, text: str) -> UserMapper:
        try:
            return self._parse(text)
        except SettingsError as wrong:
            raise Refused("invalid-request", str(wrong), field="text") from None


#: What a map that cannot map somebody makes of them.
_NOTHING = MappedUser({})


def _differing(before: MappedUser, after: MappedUser) -> set[str]:
    """The attributes that another map writes otherwise, or of which it replaces another part of the list."""
    pairs = ((before.values, after.values), (before.lists, after.lists))
    return {scim.attribute_of(path) for old, new in pairs for path in {*old, *new} if old.get(path) != new.get(path)}


def _mapped(mapper: UserMapper, user: OktaUser, entry: AppUser) -> MappedUser | None:
    try:
        return mapper.map_user(user, entry)
    except Permanent:
        return None
