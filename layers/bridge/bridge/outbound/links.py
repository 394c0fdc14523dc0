"""The ``Link`` header (RFC 8288), and which ``next`` of a listing may be followed.

A link comes from outside and is answered with a credential: it is followed only within the origin and the path that
was asked, and what is kept of it is its path and query alone, so that it does not name a host.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urljoin, urlsplit

#: A URL of one line, without the backslash, which some take for a slash.
_URL = re.compile(r"[!-\[\]-~]{1,8192}")
_TARGET = re.compile(r"[ \t]*<([^<>]*)>[ \t]*")
_NAME = re.compile(r"[ \t]*;[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]*)[ \t]*")
_QUOTED = re.compile(r'=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*', re.DOTALL)
_TOKEN = re.compile(r"=[ \t]*([^\s;,\"]*)[ \t]*")
_COMMAS = re.compile(r"[ \t]*(?:,[ \t,]*|$)")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PORTS = {"https": 443, "http": 80}


def targets(header: str, relation: str) -> list[str]:
    """The targets of the links that have `relation` among theirs, which have no case.

    Args:
        header: every ``Link`` header of an answer, joined by commas.
        relation: in lower case.

    Raises:
        ValueError: the header is not what RFC 8288 describes.
    """
    found = []
    place = _match(_COMMAS, header, 0).end() if header[:1] in " \t," else 0
    while place < len(header):
        target = _match(_TARGET, header, place)
        place, relations = target.end(), None
        while place < len(header) and header[place] == ";":
            name = _match(_NAME, header, place)
            place, value = name.end(), ""
            if header[place : place + 1] == "=":
                quoted = _QUOTED.match(header, place)
                given = quoted or _match(_TOKEN, header, place)
                value = _ESCAPED.sub(r"\1", given[1]) if quoted else given[1]
                place = given.end()
            if name[1].lower() == "rel" and relations is None:  # a second one does not count (section 3.3)
                relations = value.lower().split()
        if relation in (relations or ()):
            found.append(target[1].strip())
        place = _match(_COMMAS, header, place).end()
    return found


def within(base_url: str, path: str, link: str) -> str:
    """Path and query of a link that leads on within one listing.

    Args:
        base_url: the origin that was asked.
        path: the path that was asked.
        link: an absolute or relative URL.

    Raises:
        ValueError: it leads to another origin or path, carries user information, or is no URL.
    """
    if not _URL.fullmatch(link):
        raise ValueError("no URL")
    target = urlsplit(urljoin(base_url + path, link))
    base = urlsplit(base_url)
    if (target.scheme, target.hostname, _port(target.scheme, target.port)) != (
        base.scheme,
        base.hostname,
        _port(base.scheme, base.port),
    ):
        raise ValueError("another origin")
    if "@" in target.netloc:
        raise ValueError("user information")
    if target.path != path:
        raise ValueError("another path")
    return f"{target.path}?{target.query}" if target.query else target.path


def number_in(link: str, name: str) -> int | None:
    """A small whole number in the query of a link, None without a single one."""
    values = [value for key, value in parse_qsl(urlsplit(link).query) if key == name]
    plain = len(values) == 1 and values[0].isascii() and values[0].isdigit() and len(values[0]) < len("1000000")
    return int(values[0]) if plain else None


def with_number(link: str, name: str, number: int) -> str:
    """The link with another number in its query, and not a letter of it changed besides."""
    changed, places = re.subn(rf"(?<=[?&]){re.escape(name)}=[0-9]+(?=&|$)", f"{name}={number}", link)
    return changed if places else f"{link}{'&' if '?' in link else '?'}{name}={number}"


def _match(pattern: re.Pattern[str], text: str, place: int) -> re.Match[str]:
    found = pattern.match(text, place)
    if found is None:
        raise ValueError("no Link header")
    return found


def _port(scheme: str, port: int | None) -> int | None:
    return port or _PORTS.get(scheme)
