"""What `make audit` does: lint the template and its translated form, ask for advisories, list licences.

    .audit/bin/python requirements/audit.py SITE_PACKAGES

SITE_PACKAGES is a folder in which the runtime's packages are installed. Runs in the environment of
requirements/audit.txt, from the project's root. Exits 1 when anything is found. Where the advisory service cannot be
asked, the last line says NOT CHECKED; with ADVISORIES=required in the environment that is a failure.
"""
# ruff: noqa: INP001, T201, S603 - a script: it prints, and runs the tools that are installed beside it

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from enum import Enum
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path("template.yaml")
RUNTIME = Path("layers/dependencies/requirements.txt")
REGION = "us-east-1"
#: The checks of checkov that may be skipped; the template says why beside each resource.
SKIPPED = {"CKV_AWS_73", "CKV_AWS_76", "CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117", "CKV_AWS_120"}
#: SAM itself writes "arn:aws:" for the region's partition into what it makes of the API's events.
TRANSLATED_IGNORES = ("--ignore-checks", "I3042")
#: Name, version and, where there is one, the start of a marker of every pinned package.
PINS = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)( ;)?", re.MULTILINE)
PERMISSIVE = re.compile(r"\b(MIT|BSD|0BSD|Apache|ISC|PSF|PSF-2\.0|Python Software Foundation|MPL)\b", re.IGNORECASE)


class Checked(Enum):
    """What came of asking for advisories; not having asked is not having found nothing."""

    CLEAN = "clean"
    FOUND = "found"
    NOT_ASKED = "not asked"


def main(site_packages: str) -> int:
    """Run everything, also after a failure; 1 when anything was found."""
    os.environ["AWS_DEFAULT_REGION"] = REGION
    template = yaml_parse(TEMPLATE.read_text("utf-8"))
    skips = skipped(template)
    good = skips <= SKIPPED
    if not good:
        print(f"template.yaml skips more than {sorted(SKIPPED)}: {sorted(skips - SKIPPED)}")
    with tempfile.TemporaryDirectory() as folder:
        translated = Path(folder) / "translated.json"
        translated.write_text(json.dumps(translate(template), indent=1), "utf-8")
        good &= cfn_lint("template.yaml", TEMPLATE)
        good &= cfn_lint("template.yaml, translated", translated, *TRANSLATED_IGNORES)
        good &= checkov("template.yaml", TEMPLATE)
        # What the translation makes anew has lost the resource's own word.
        good &= checkov("template.yaml, translated", translated, "--skip-check", ",".join(sorted(skips)))
    good &= licences(site_packages)
    asked = advisories()
    good &= asked is not Checked.FOUND
    if asked is Checked.NOT_ASKED:
        good &= os.environ.get("ADVISORIES") != "required"
        print("Advisories: NOT CHECKED. Everything else:", "nothing found" if good else "see above")
    return 0 if good else 1


def skipped(template: dict[str, Any]) -> set[str]:
    """The checks that the template skips; each with a comment."""
    found = set()
    for resource in template["Resources"].values():
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", ()):
            if skip["comment"]:
                found.add(skip["id"])
    return found


def translate(template: dict[str, Any]) -> dict[str, Any]:
    """What CloudFormation makes of the template's transform; a local folder stands for the built code."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    for resource in template["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = "s3://bucket/key"
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
    made: dict[str, Any] = translator.translate(template, {})
    return made


def cfn_lint(title: str, path: Path, *options: str) -> bool:
    """Whether cfn-lint finds nothing, information included."""
    return run(f"cfn-lint on {title}", ["cfn-lint", "-c", "I", "-r", REGION, *options, "-t", str(path)])


def checkov(title: str, path: Path, *options: str) -> bool:
    """Whether checkov finds nothing but what is skipped."""
    command = ["checkov", "-f", str(path), "--framework", "cloudformation", "--compact", "--quiet", "--skip-download"]
    return run(f"checkov on {title}", [*command, *options])


def run(title: str, command: Sequence[str]) -> bool:
    """Run a tool of this environment, and show what it says when it is not content."""
    done = subprocess.run([Path(sys.executable).parent / command[0], *command[1:]], capture_output=True, text=True)  # noqa: PLW1510 - its code is what is asked for
    said = done.stdout + done.stderr
    print(f"{title}: {'nothing found' if done.returncode == 0 else 'FAILED'}")
    if done.returncode:
        print(said)
    return done.returncode == 0


def advisories() -> Checked:
    """What the advisory service says of the pinned packages of the runtime."""
    command = ["pip-audit", "-r", str(RUNTIME), "--disable-pip", "--require-hashes", "--format", "json"]
    done = subprocess.run(  # noqa: PLW1510 - its code is what is asked for
        [Path(sys.executable).parent / command[0], *command[1:], "--progress-spinner", "off"],
        capture_output=True,
        text=True,
    )
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        if "connect" in done.stderr.lower():
            print("pip-audit: NOT CHECKED, the advisory service does not answer")
            return Checked.NOT_ASKED
        print(f"pip-audit: FAILED\n{done.stderr}")
        return Checked.FOUND
    answered = {key(package["name"]) for package in packages}
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    unknown += [
        name for name, _, marker in PINS.findall(RUNTIME.read_text("utf-8")) if not (marker or key(name) in answered)
    ]
    vulnerable = [package for package in packages if package.get("vulns")]
    for package in vulnerable:
        print(package["name"], package["version"], *(found["id"] for found in package["vulns"]))
    checked = len(packages) - len(unknown)
    print(f"pip-audit: {checked} of {len(packages)} packages checked, {len(vulnerable)} with known vulnerabilities")
    if unknown:
        print(f"pip-audit: NOT CHECKED, the advisory service has no answer for: {', '.join(unknown)}")
    if vulnerable:
        return Checked.FOUND
    return Checked.NOT_ASKED if unknown else Checked.CLEAN


def licences(site_packages: str) -> bool:
    """Print the licence of every package of the runtime; whether each is known and permissive."""
    installed = {key(dist.name): dist for dist in distributions(path=[site_packages])}
    good = True
    print("Licences of the runtime:")
    for name, version, marker in PINS.findall(RUNTIME.read_text("utf-8")):
        dist = installed.get(key(name))
        if dist is None and marker:
            print(f"  {name} {version}: not for this Python or system")
            continue
        text = licence(dist) if dist else ""
        accepted = bool(PERMISSIVE.search(text))
        good &= accepted
        print(f"  {name} {version}: {text or 'unknown'}{'' if accepted else '  <- not permissive, or not known'}")
    return good


def licence(dist: Distribution) -> str:
    """A package's licence, as its metadata says it in one of three places."""
    for field in ("License-Expression", "License"):
        text = (dist.metadata.get(field) or "").strip()
        if text:
            return text.splitlines()[0]
    classifiers = dist.metadata.get_all("Classifier") or []
    return ", ".join(entry.rpartition(" :: ")[2] for entry in classifiers if entry.startswith("License ::"))


def key(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
