"""A model of Okta: in process for tests and the simulation, behind HTTP in the local stack."""

from bridge_local.okta.dispatcher import HookDispatcher
from bridge_local.okta.event_forms import hook_form, syslog_form
from bridge_local.okta.model import OktaModel
from bridge_local.okta.org import OktaRefused
from bridge_local.okta.switches import ENTERPRISE, INTEGRATOR, UNLIMITED, WORKFORCE, OktaSwitches
from bridge_local.okta.system_log import Entity, LogEntry

__all__ = [
    "ENTERPRISE",
    "INTEGRATOR",
    "UNLIMITED",
    "WORKFORCE",
    "Entity",
    "HookDispatcher",
    "LogEntry",
    "OktaModel",
    "OktaRefused",
    "OktaSwitches",
    "hook_form",
    "syslog_form",
]
