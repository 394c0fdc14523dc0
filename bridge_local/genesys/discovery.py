"""``/serviceproviderconfig``, ``/resourcetypes`` and ``/schemas`` (RFC 7643 sections 5 to 7)."""

from __future__ import annotations

from typing import Any

from bridge_local.genesys.schema import ENTERPRISE_URN, GENESYS_URN, GROUP, USER, Attribute
from bridge_local.genesys.switches import GenesysSwitches

_CONFIG_URN = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_TYPE_URN = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"


def service_provider_config(base: str, switches: GenesysSwitches) -> dict[str, Any]:
    """What the service can; the real values are not published, these follow from the endpoints."""
    return {
        "schemas": [_CONFIG_URN],
        "patch": {"supported": True},
        "filter": {"supported": True, "maxResults": switches.max_results},
        "etag": {"supported": True},
        "sort": {"supported": False},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "changePassword": {"supported": True},
        "authenticationSchemes": [
            {
                "name": "OAuth Bearer Token",
                "description": "A token of the login host's client credentials grant",
                "type": "oauthbearertoken",
                "primary": True,
            }
        ],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": f"{base}/serviceproviderconfig",
            "version": '"1"',
        },
    }


def resource_types(base: str) -> list[dict[str, Any]]:
    """User and Group."""
    return [
        {
            "schemas": [_TYPE_URN],
            "id": schema.name,
            "name": schema.name,
            "endpoint": f"/{schema.name.lower()}s",
            "schema": schema.urn,
            "schemaExtensions": [{"schema": urn, "required": False} for urn in schema.extensions],
            "meta": {"resourceType": "ResourceType", "location": f"{base}/resourcetypes/{schema.name}"},
        }
        for schema in (USER, GROUP)
    ]


def schemas(base: str) -> list[dict[str, Any]]:
    """The definitions of the two resources and the two extensions."""
    tables = (
        (USER.urn, "User", USER.core),
        (ENTERPRISE_URN, "EnterpriseUser", USER.extensions[ENTERPRISE_URN]),
        (GENESYS_URN, "GenesysUser", USER.extensions[GENESYS_URN]),
        (GROUP.urn, "Group", GROUP.core),
    )
    return [
        {
            "id": urn,
            "name": name,
            "attributes": [_definition(attribute) for attribute in table.values()],
            "meta": {"resourceType": "Schema", "location": f"{base}/schemas/{urn}"},
        }
        for urn, name, table in tables
    ]


def _definition(attribute: Attribute) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": attribute.name,
        "type": attribute.type,
        "multiValued": attribute.multi,
        "required": attribute.required,
        "caseExact": attribute.case_exact,
        "mutability": attribute.mutability,
        "returned": attribute.returned,
        "uniqueness": attribute.uniqueness,
    }
    if attribute.values:
        document["canonicalValues"] = list(attribute.values)
    if attribute.parts:
        document["subAttributes"] = [_definition(part) for part in attribute.parts]
    return document
