"""Putting the approvals function together."""

from __future__ import annotations

from bridge.approvals.approvals import Approvals
from bridge.approvals.identity import Identities
from bridge.approvals.settings import ApprovalsSettings
from bridge.approvals.signing import sts_endpoint
from bridge.aws.dependencies import Dependencies


def build(
    settings: ApprovalsSettings, dependencies: Dependencies, function: str, region: str, account: str
) -> Approvals:
    """The approvals `function`, which confirms identities with the STS of `region` for people of `account`."""
    endpoint = sts_endpoint(region, local=settings.local)
    return Approvals(
        dependencies.store,
        dependencies.queues,
        dependencies.clock,
        Identities(endpoint, region, account, dependencies.clock, transport=dependencies.sts_transport),
        function,
    )
