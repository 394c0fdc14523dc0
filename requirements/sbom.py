"""What `make sbom` does: the CycloneDX bill of materials of what is deployed, as docs/sbom.cdx.json.

    .audit/bin/python requirements/sbom.py SITE_PACKAGES [--check]

SITE_PACKAGES is a folder in which the runtime's packages are installed: their licences are read there. With --check
nothing is written; exits 1 when the file is not what would be written. boto3 is not part of it, for Lambda's runtime
has it.
"""
# ruff: noqa: INP001, T201 - a script: it prints

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import distributions
from pathlib import Path

from audit import RUNTIME, key, licence
from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot5
from packageurl import PackageURL
from packaging.requirements import Requirement

FILE = Path("docs/sbom.cdx.json")
#: Where it runs, whatever machine asks.
LAMBDA = {
    "python_version": "3.13",
    "python_full_version": "3.13.0",
    "sys_platform": "linux",
    "platform_system": "Linux",
}


def bill(site_packages: str) -> str:
    """The document, the same for the same pins: without a time and without a serial number."""
    installed = {key(dist.name): dist for dist in distributions(path=[site_packages])}
    bom = Bom()
    version = Path("VERSION").read_text("utf-8").strip()
    bom.metadata.component = Component(
        name="okta-genesys-bridge", version=version, type=ComponentType.APPLICATION, bom_ref="okta-genesys-bridge"
    )
    for line in re.findall(r"^[A-Za-z0-9].*==[^\\\n]*", RUNTIME.read_text("utf-8"), re.MULTILINE):
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate(LAMBDA):
            continue
        name, pinned = requirement.name, next(iter(requirement.specifier)).version
        dist = installed.get(key(name))
        text = licence(dist) if dist else ""
        bom.components.add(
            Component(
                name=name,
                version=pinned,
                type=ComponentType.LIBRARY,
                bom_ref=f"{name}@{pinned}",
                purl=PackageURL("pypi", None, key(name), pinned),
                licenses=[LicenseFactory().make_from_string(text)] if text else None,
            )
        )
    bom.register_dependency(bom.metadata.component, bom.components)
    document = json.loads(JsonV1Dot5(bom).output_as_string())
    document.pop("serialNumber")
    for volatile in ("timestamp", "tools"):
        document["metadata"].pop(volatile, None)
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def main(site_packages: str, *options: str) -> int:
    """Write or check."""
    text = bill(site_packages)
    if "--check" in options:
        current = FILE.is_file() and FILE.read_text("utf-8") == text
        print(f"{FILE}: {'as the pinned packages are' if current else 'not as the pinned packages are: make sbom'}")
        return 0 if current else 1
    FILE.write_text(text, "utf-8")
    print(f"{FILE}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
