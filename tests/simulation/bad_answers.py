"""Answers of Okta and Genesys Cloud that are wrong, cut or odd: what a run may draw, by name.

A run draws a few kinds; then each request that one of them concerns meets it with the climate's probability. Each kind
stands for a safeguard of the bridge; whatever they are, nobody may be removed, let in or left active by them.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge_local import faults
from bridge_local.exchange import Request, Response, Wire
from bridge_local.faults import Effect, Serve, line_of
from bridge_local.genesys import GenesysModel
from bridge_local.genesys import faults as genesys_faults
from bridge_local.okta import faults as okta_faults

#: How many of the runs have bad answers, and how many requests of those concerned meet one.
SHARE, PROBABILITIES = 0.25, (0.03, 0.1, 0.3)
_OKTA_LISTINGS = r"GET /api/v1/(apps|groups)/[^/]+/(users|groups)\b"
_OKTA_OWN_GROUPS = r"GET /api/v1/users/[^/]+/groups"
_OKTA_SINGLES = r"GET /api/v1/(users|groups)/[^/]+$|GET /api/v1/apps/[^/]+/users/"
_GENESYS_WRITES = r"(PATCH|POST) .*/scim/v2/"
_GENESYS_USER = r"GET .*/scim/v2/users/"
_GENESYS_GROUP = r"GET .*/scim/v2/groups/"
#: A body of so many bytes, which comes as a few hundred: more than any answer may have, and quickly made.
_BOMB = 40_000_000


@dataclass(frozen=True)
class BadAnswer:
    """One kind.

    Attributes:
        name: of the kind.
        service: ``okta`` or ``genesys``.
        match: regular expression of the requests concerned, as in `bridge_local.faults.Fault`.
        effect: what happens; told the run's chance, and the Genesys Cloud model.
        minutes: for how long every request concerned meets it, once one has; 0 for one alone.
    """

    name: str
    service: str
    match: str
    effect: Callable[[random.Random, GenesysModel], Effect]
    minutes: int = 0

    def concerns(self, request: Request) -> bool:
        """Whether a request may meet it."""
        return re.search(self.match, line_of(request)) is not None


def _always(effect: Callable[[], Effect]) -> Callable[[random.Random, GenesysModel], Effect]:
    return lambda _chance, _genesys: effect()


def _one_of(effect: Callable[[str], Effect], forms: Mapping[str, object]) -> Callable[..., Effect]:
    return lambda chance, _genesys: effect(chance.choice(sorted(forms)))


def _on_the_wire(chance: random.Random, _genesys: GenesysModel) -> Effect:
    forms: tuple[Wire, ...] = ("slow-headers", "slow-body", "endless-103", "half-body")
    return faults.on_the_wire(chance.choice(forms))


@functools.cache
def _bombs() -> tuple[Effect, ...]:
    """One in the coding that the client takes, and one in two codings, which it does not."""
    return faults.gzip_bomb(_BOMB, codings=1), faults.gzip_bomb(_BOMB, codings=2)


def _bomb(chance: random.Random, _genesys: GenesysModel) -> Effect:
    return chance.choice(_bombs())


def _entries(chance: random.Random, _genesys: GenesysModel) -> Effect:
    """A listing's entries stand there twice, have some among them that are none, or have no id."""
    return chance.choice((faults.repeated_entries, faults.null_entries, faults.without_ids))()


def _somebody_else(chance: random.Random, genesys: GenesysModel) -> Effect:
    """Whatever is asked for or done is answered with another user, or another group."""

    def effect(request: Request, serve: Serve) -> Response:
        collection, _, own_id = request.path.rpartition("/")
        of = genesys.directory.groups if collection.endswith("groups") else genesys.directory.users
        others = sorted(each for each in of if each != own_id)
        return genesys_faults.another_body(chance.choice(others))(request, serve) if others else serve(request)

    return effect


def _narrowed(chance: random.Random, _genesys: GenesysModel) -> Effect:
    """A role hides a part of the application's users, be it one in thirty or all: they are answered as unassigned."""
    salt, share = chance.random(), chance.choice((1, 3, 10, 30))

    def hides(okta_id: str) -> bool:
        return random.Random(f"{salt} {okta_id}").randrange(share) == 0  # noqa: S311 - repeatable, not secret

    def effect(request: Request, serve: Serve) -> Response:
        collection, _, okta_id = request.path.rpartition("/")
        if not collection.endswith("/users"):
            return faults.listed(lambda entries: [each for each in entries if not hides(each["id"])])(request, serve)
        return okta_faults.refused(404)(request, serve) if hides(okta_id) else serve(request)

    return effect


KINDS: Mapping[str, BadAnswer] = {
    kind.name: kind
    for kind in (
        # Okta's listings
        BadAnswer("okta-empty-listing", "okta", _OKTA_LISTINGS, _always(okta_faults.empty_listing)),
        BadAnswer(
            "okta-short-listing",
            "okta",
            _OKTA_LISTINGS,
            lambda chance, _genesys: okta_faults.short_listing(chance.choice((1, 2))),
        ),
        BadAnswer("okta-empty-own-groups", "okta", _OKTA_OWN_GROUPS, _always(okta_faults.empty_listing)),
        BadAnswer("okta-lost-link", "okta", _OKTA_LISTINGS, _always(okta_faults.without_link)),
        BadAnswer("okta-endless-pages", "okta", _OKTA_LISTINGS, _always(okta_faults.endless_pages)),
        BadAnswer("okta-link-forms", "okta", r"limit=|/logs", _one_of(okta_faults.linked, okta_faults.LINK_FORMS)),
        BadAnswer(
            "okta-hostile-link", "okta", r"limit=|/logs", _one_of(okta_faults.linked_to, okta_faults.HOSTILE_LINKS)
        ),
        BadAnswer("okta-entries", "okta", _OKTA_LISTINGS, _entries),
        # Okta's single answers
        BadAnswer("okta-gateway-404", "okta", ".", _always(lambda: faults.gateway(404))),
        BadAnswer("okta-html", "okta", ".", _always(faults.html)),
        BadAnswer("okta-dates", "okta", ".", _one_of(okta_faults.dated, okta_faults.DATES)),
        BadAnswer("okta-resets", "okta", ".", _one_of(okta_faults.used_up, okta_faults.RESETS)),
        BadAnswer("okta-profile-list", "okta", _OKTA_SINGLES, _always(okta_faults.profile_is_a_list)),
        BadAnswer("okta-value-objects", "okta", _OKTA_SINGLES, _always(okta_faults.values_are_objects)),
        BadAnswer("okta-lower-status", "okta", _OKTA_SINGLES, _always(okta_faults.status_in_lower_case)),
        BadAnswer(
            "okta-membership-stamp",
            "okta",
            r"GET /api/v1/groups/[^/]+$",
            lambda chance, _genesys: okta_faults.membership_stamp(
                chance.choice(("2999-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"))
            ),
        ),
        BadAnswer("okta-narrowed-role", "okta", r"GET /api/v1/apps/[^/]+/users", _narrowed, minutes=720),
        BadAnswer("okta-odd-status", "okta", ".", lambda chance, _genesys: faults.bare(chance.choice((204, 206, 304)))),
        BadAnswer("okta-wire", "okta", ".", _on_the_wire),
        BadAnswer("okta-bomb", "okta", ".", _bomb),
        # Genesys Cloud's answers
        BadAnswer("genesys-gateway-404", "genesys", "/scim/", _always(lambda: faults.gateway(404))),
        BadAnswer("genesys-404", "genesys", _GENESYS_USER, _always(lambda: genesys_faults.refused(404))),
        BadAnswer("genesys-html", "genesys", "/scim/", _always(faults.html)),
        BadAnswer("genesys-no-members", "genesys", _GENESYS_GROUP, _always(genesys_faults.without_members)),
        BadAnswer("genesys-null-members", "genesys", _GENESYS_GROUP, _always(genesys_faults.null_members)),
        BadAnswer("genesys-cut-members", "genesys", _GENESYS_GROUP, _always(lambda: genesys_faults.cut_members(1))),
        BadAnswer("genesys-unapplied", "genesys", "PATCH .*/scim/", _always(genesys_faults.unapplied)),
        BadAnswer(
            "genesys-pretended", "genesys", "PATCH .*/users/", lambda _chance, model: genesys_faults.pretended(model)
        ),
        BadAnswer("genesys-done-but-204", "genesys", "PATCH .*/scim/", _always(lambda: faults.done_but(204))),
        BadAnswer(
            "genesys-409-no-conflict",
            "genesys",
            "PATCH .*/scim/",
            lambda chance, _genesys: chance.choice(
                (genesys_faults.refused(409), genesys_faults.refused_as_scim(409, "No licence is left"))
            ),
        ),
        BadAnswer(
            "genesys-4xx",
            "genesys",
            _GENESYS_WRITES,
            lambda chance, _genesys: genesys_faults.refused(chance.choice((400, 405, 410))),
        ),
        BadAnswer(
            "genesys-refuses-all",
            "genesys",
            "(PATCH|POST|GET) .*/scim/",
            lambda chance, _genesys: genesys_faults.refused(chance.choice((400, 405, 409, 410))),
            minutes=10,
        ),
        BadAnswer("genesys-stale", "genesys", _GENESYS_USER, lambda _chance, model: genesys_faults.stale(model)),
        BadAnswer("genesys-emails-texts", "genesys", _GENESYS_USER, _always(genesys_faults.emails_are_texts)),
        BadAnswer(
            "genesys-totals",
            "genesys",
            r"startIndex=",
            lambda chance, _genesys: genesys_faults.total_results(
                chance.choice((lambda total: total + 1, lambda _total: 1_000_000_000, lambda _total: 0))
            ),
        ),
        BadAnswer("genesys-endless-pages", "genesys", r"startIndex=", _always(genesys_faults.endless_pages)),
        BadAnswer("genesys-entries", "genesys", r"startIndex=", _entries),
        BadAnswer("genesys-another", "genesys", r"(GET|PATCH) .*/scim/v2/(users|groups)/", _somebody_else),
        BadAnswer("genesys-wire", "genesys", "/scim/", _on_the_wire),
        BadAnswer("genesys-bomb", "genesys", "/scim/", _bomb),
        BadAnswer("genesys-huge-numbers", "genesys", "GET .*/scim/", _always(lambda: faults.huge_numbers(400))),
        BadAnswer(
            "genesys-retry-after",
            "genesys",
            "/scim/",
            lambda chance, _genesys: genesys_faults.rate_limited(
                retry_after=chance.choice(list(genesys_faults.RETRY_AFTERS.values()))
            ),
        ),
    )
}
#: Of these a run draws one: nobody is believed to have left whom two ways of asking Okta show, but both may lie.
EITHER = frozenset({"okta-empty-listing", "okta-short-listing", "okta-lost-link", "okta-empty-own-groups"})
ENABLED: tuple[str, ...] = tuple(KINDS)


@dataclass
class BadAnswers:
    """The kinds of a run, and what lasts of them.

    Attributes:
        kinds: which a request may meet.
        probability: of each request concerned.
        chance: apart from whatever else a seed draws.
        met: the name of each that a request met, the request's path, and when.
    """

    kinds: tuple[BadAnswer, ...]
    probability: float
    chance: random.Random
    met: list[tuple[str, str, datetime]] = field(default_factory=list)
    _lasting: dict[str, tuple[datetime, Effect]] = field(default_factory=dict)

    def meet(self, service: str, request: Request, now: datetime, genesys: GenesysModel) -> tuple[str, Effect] | None:
        """The kind that this request meets, and what happens; None when it meets none."""
        for kind in self.kinds:
            if kind.service != service or not kind.concerns(request):
                continue
            until, lasting = self._lasting.get(kind.name, (now, None))
            if lasting is not None and now < until:
                self.met.append((kind.name, request.path, now))
                return kind.name, lasting
            if self.chance.random() < self.probability / (10 if kind.minutes else 1):
                effect = kind.effect(self.chance, genesys)
                self._lasting[kind.name] = now + timedelta(minutes=kind.minutes), effect
                self.met.append((kind.name, request.path, now))
                return kind.name, effect
        return None

    def end(self) -> None:
        """From now on every answer is as it should be."""
        self.probability = 0.0
        self._lasting.clear()


def drawn(seed: int, *, only: str = "") -> BadAnswers:
    """Those of a run; with `only` of that kind in any case."""
    chance = random.Random(f"bad answers {seed}")  # noqa: S311 - repeatable, not secret
    if only:
        return BadAnswers((KINDS[only],), chance.choice(PROBABILITIES), chance)
    if not ENABLED or chance.random() >= SHARE:
        return BadAnswers((), 0.0, chance)
    count = min(chance.choice((1, 1, 2, 3)), len(ENABLED))
    names = sorted(chance.sample(ENABLED, count))
    lies = [name for name in names if name in EITHER]
    kinds = tuple(KINDS[name] for name in names if name not in lies[1:])
    return BadAnswers(kinds, chance.choice(PROBABILITIES), chance)
