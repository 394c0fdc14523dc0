"""The one Genesys Cloud model: SCIM users and groups, tokens, limits and faults, in process or behind a server."""

from bridge_local.genesys.caller import Answer, Caller
from bridge_local.genesys.model import GenesysModel
from bridge_local.genesys.records import Call
from bridge_local.genesys.switches import GenesysSwitches

__all__ = ["Answer", "Call", "Caller", "GenesysModel", "GenesysSwitches"]
