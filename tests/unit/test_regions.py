"""The regions of Genesys Cloud."""

import pytest

from bridge.errors import SettingsError
from bridge.genesys.regions import REGIONS, Endpoints, endpoints


def test_every_region_has_hosts_of_its_own() -> None:
    """Eighteen regions, eighteen domains: a copied line would send one region's data to another."""
    assert len(REGIONS) == 18
    assert len({region.domain for region in REGIONS.values()}) == 18
    assert len({region.name for region in REGIONS.values()}) == 18


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("us-east-1", "mypurecloud.com"),
        ("us-east-2", "use2.us-gov-pure.cloud"),
        ("us-west-2", "usw2.pure.cloud"),
        ("ca-central-1", "cac1.pure.cloud"),
        ("sa-east-1", "sae1.pure.cloud"),
        ("mx-central-1", "mxc1.pure.cloud"),
        ("eu-west-1", "mypurecloud.ie"),
        ("eu-west-2", "euw2.pure.cloud"),
        ("eu-central-1", "mypurecloud.de"),
        ("eu-central-2", "euc2.pure.cloud"),
        ("me-central-1", "mec1.pure.cloud"),
        ("ap-south-1", "aps1.pure.cloud"),
        ("ap-southeast-1", "apse1.pure.cloud"),
        ("ap-southeast-2", "mypurecloud.com.au"),
        ("ap-northeast-1", "mypurecloud.jp"),
        ("ap-northeast-2", "apne2.pure.cloud"),
        ("ap-northeast-3", "apne3.pure.cloud"),
        ("eusc-de-east-1", "edee1.eusc-pure.cloud"),
    ],
)
def test_hosts_of_a_region(region: str, domain: str) -> None:
    """API and login hosts stand under the region's domain, over https."""
    assert endpoints(region) == Endpoints(api=f"https://api.{domain}", login=f"https://login.{domain}")


def test_overrides_stand_in_one_by_one() -> None:
    """A given URL takes the place of its host, the other stays the region's."""
    assert endpoints("eu-west-1", api_url="http://127.0.0.1:8082") == Endpoints(
        api="http://127.0.0.1:8082", login="https://login.mypurecloud.ie"
    )
    assert endpoints("eu-west-1", login_url="http://127.0.0.1:8082").login == "http://127.0.0.1:8082"


@pytest.mark.parametrize("region", ["eu-north-1", "mypurecloud.de", "", "US-EAST-1"])
def test_an_unknown_region_names_the_known(region: str) -> None:
    """The error names the variable and every region that it takes, not the value."""
    with pytest.raises(SettingsError) as caught:
        endpoints(region)
    assert str(caught.value) == f"GENESYS_REGION: expected one of {', '.join(sorted(REGIONS))}"
