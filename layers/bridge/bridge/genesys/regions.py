"""The regions of Genesys Cloud and their hosts: the only ones that the bridge speaks to.

Source: the region hosts of Genesys' own SDK (PureCloudPlatformClientV2) and of its Terraform provider.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.errors import SettingsError


@dataclass(frozen=True)
class Region:
    """A region: its name in Genesys' documentation and the domain of its hosts."""

    name: str
    domain: str


#: AWS region -> region of Genesys Cloud.
REGIONS = {
    "us-east-1": Region("Americas (US East, N. Virginia)", "mypurecloud.com"),
    "us-east-2": Region("Americas (US East 2, Ohio) FedRAMP", "use2.us-gov-pure.cloud"),
    "us-west-2": Region("Americas (US West, Oregon)", "usw2.pure.cloud"),
    "ca-central-1": Region("Americas (Canada)", "cac1.pure.cloud"),
    "sa-east-1": Region("Americas (Sao Paulo)", "sae1.pure.cloud"),
    "mx-central-1": Region("Americas (Mexico)", "mxc1.pure.cloud"),
    "eu-west-1": Region("EMEA (Dublin)", "mypurecloud.ie"),
    "eu-west-2": Region("EMEA (London)", "euw2.pure.cloud"),
    "eu-central-1": Region("EMEA (Frankfurt)", "mypurecloud.de"),
    "eu-central-2": Region("EMEA (Zurich)", "euc2.pure.cloud"),
    "me-central-1": Region("EMEA/Middle East (UAE)", "mec1.pure.cloud"),
    "ap-south-1": Region("Asia Pacific (Mumbai)", "aps1.pure.cloud"),
    "ap-southeast-1": Region("Asia Pacific (Singapore)", "apse1.pure.cloud"),
    "ap-southeast-2": Region("Asia Pacific (Sydney)", "mypurecloud.com.au"),
    "ap-northeast-1": Region("Asia Pacific (Tokyo)", "mypurecloud.jp"),
    "ap-northeast-2": Region("Asia Pacific (Seoul)", "apne2.pure.cloud"),
    "ap-northeast-3": Region("Asia Pacific (Osaka)", "apne3.pure.cloud"),
    "eusc-de-east-1": Region("AWS European Sovereign Cloud (Germany)", "edee1.eusc-pure.cloud"),
}


@dataclass(frozen=True)
class Endpoints:
    """Where a region's API and its login are: origins without a trailing slash."""

    api: str
    login: str


def endpoints(region: str, api_url: str = "", login_url: str = "") -> Endpoints:
    """The hosts of an AWS region; `api_url` and `login_url` stand in for them where given.

    Raises:
        SettingsError: Genesys Cloud is not in that region.
    """
    known = REGIONS.get(region)
    if known is None:
        raise SettingsError(f"GENESYS_REGION: expected one of {', '.join(sorted(REGIONS))}")
    return Endpoints(api=api_url or f"https://api.{known.domain}", login=login_url or f"https://login.{known.domain}")
