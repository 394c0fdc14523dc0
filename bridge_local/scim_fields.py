"""``docs/scim-fields.md``: SCIM attributes, Genesys Cloud's fields, and who writes them.

Written from the model's schema, which tests hold to the public API's models, the field mappings in ``fields.json``, and
the attribute map's targets. Without ``--write`` it says whether the page is what would be written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence

from bridge.mapping.attribute_map import LISTS, AttributeMap
from bridge.provisioning.elements import EXTERNAL_IDS
from bridge.provisioning.scim import PROFILE_PATHS
from bridge_local import ROOT
from bridge_local.genesys.schema import GROUP, USER, Attribute, ResourceSchema

PAGE = ROOT / "docs" / "scim-fields.md"
FIELDS: Mapping[str, Mapping[str, str]] = json.loads(
    (ROOT / "bridge_local" / "genesys" / "fields.json").read_text("utf-8")
)
#: Who writes what no profile is mapped to.
OTHERS = {
    "users": {
        "active": "the bridge: active as long as Okta says so",
        "externalId": "the bridge: the Okta user id",
        "password": "with `SyncPassword=random` a random one, when the account is created",
        "groups": "by way of the group",
    },
    "groups": {"members": "the bridge", "displayName": "nobody: the bridge finds the group by it"},
}
_HEAD = """# SCIM and Genesys Cloud fields

Written by `make scim-fields WRITE=1` from the model of Genesys Cloud's SCIM, which tests hold to the public API's
models, and from the [attribute map](attribute-map.md)'s targets. What is not here, SCIM does not have: no given and
family name, no location, no preferred language.
"""
_COLUMNS = "| SCIM | type | Genesys Cloud | written by | default map |\n|---|---|---|---|---|"


def paths(schema: ResourceSchema) -> Iterator[tuple[str, Attribute]]:
    """Every attribute by its path, in the schema's order; lists with types have a path for each type."""
    tables = {"": schema.core} | {f"{urn}:": table for urn, table in schema.extensions.items()}
    for prefix, table in tables.items():
        for attribute in table.values():
            types = next((part.values for part in attribute.parts if part.name == attribute.key == "type"), ())
            if types:
                yield from ((f'{attribute.name}[type eq "{each}"].value', attribute) for each in types)
            else:
                yield prefix + attribute.name, attribute


def page() -> str:
    """The whole document."""
    entries = json.loads(AttributeMap.default_text())["attributes"]
    sources = {each["target"]: f"`{each['from']}`{'' if each.get('enabled', True) else ' (off)'}" for each in entries}
    sources["userName"] = "by `UserNameSource`"
    parts = [_HEAD]
    for title, kind, schema in (("Users", "users", USER), ("Groups", "groups", GROUP)):
        rows = [_row(kind, path, attribute, sources if kind == "users" else {}) for path, attribute in paths(schema)]
        parts.append("\n".join((f"## {title}\n", _COLUMNS, *rows, "")))
    return "\n".join(parts)


def _row(kind: str, path: str, attribute: Attribute, sources: Mapping[str, str]) -> str:
    mapped = kind == "users" and path in PROFILE_PATHS | LISTS | {EXTERNAL_IDS}
    if mapped:
        by = "the map; roles are only added" if path == "roles" else "the map"
    elif path == 'emails[type eq "other"].value':
        by = "nobody: it is the userName"
    else:
        by = OTHERS[kind].get(path) or ("nobody: read-only" if attribute.mutability == "readOnly" else "nobody")
    required = ", required" if attribute.required else ""
    parts = ", ".join(part.name for part in attribute.parts)
    of_parts = f"list of {parts}" if attribute.multi else parts
    type_ = "string" if "[" in path else of_parts or attribute.type
    source = sources.get(path, "").replace("|", "\\|")
    field = FIELDS[kind][path] or "not documented"
    return f"| `{path}` | {type_}{required} | {field} | {by} | {source} |"


def main(arguments: Sequence[str]) -> int:
    """Write it anew, or say whether it is right."""
    if "--write" in arguments:
        PAGE.write_text(page(), "utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text("utf-8") != page():
        print(f"{PAGE} is not what would be written: make scim-fields WRITE=1", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
