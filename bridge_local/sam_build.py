"""``make sam-build``: layers and functions as they are shipped, built twice, compared, weighed and imported."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from bridge_local import ROOT, sam
from bridge_local.template import Template

#: Bytes that a function and its layers may have, unzipped (AWS Lambda Developer Guide, "Lambda quotas").
_MAX_SIZE = 250 * 1024 * 1024
#: What the Lambda runtime brings, and so no layer does (Lambda Developer Guide, "Runtime dependencies in Python").
_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
_PIN = re.compile(r"([A-Za-z0-9._-]+)==(\S+)")
_DIST_INFO = re.compile(r"(.+)-([^-]+)\.dist-info")
#: Imports every module of the bridge and one function, with nothing in sight but the standard library and the
#: directories that are given: the layers, the function, and the packages of the runtime.
_IMPORT = """
import importlib, pkgutil, sys
sys.path[:0] = sys.argv[1:]
import bridge
for module in pkgutil.walk_packages(bridge.__path__, "bridge."):
    importlib.import_module(module.name)
import app
assert callable(app.handler)
"""


def main() -> int:
    """Build and check; 0 also when this machine cannot build, which is said."""
    template = Template()
    runtime = template.document["Globals"]["Function"]["Runtime"]
    lacking = sam.missing(runtime)
    if lacking:
        print(f"sam build is left out: {lacking}.")
        return 0
    layers = [name for name, _ in template.of_type("AWS::Serverless::LayerVersion")]
    functions = [name for name, _ in template.of_type("AWS::Serverless::Function")]
    with tempfile.TemporaryDirectory(prefix="sam-build-") as directory:
        again = Path(directory) / "again"
        for number, target in enumerate((sam.BUILT, again), 1):
            started = time.monotonic()
            print(f"Building {len(layers)} layers and {len(functions)} functions, time {number} of 2", flush=True)
            sam.build(target, cached=False)
            print(f"  built in {time.monotonic() - started:.0f} s", flush=True)
        wrong = [
            *(f"{name}: the two builds differ" for name in layers + functions if _twins(name, again)),
            *_bridge_layer(),
            *_dependencies_layer(),
            *(problem for name in functions for problem in _function(template, name)),
        ]
        print("Importing the bridge and each function from the layers", flush=True)
        wrong += [problem for name in functions for problem in _import(name, runtime, Path(directory))]
    wrong += _weigh(layers, functions)
    for problem in wrong:
        print(f"WRONG: {problem}", file=sys.stderr)
    if not wrong:
        print("Built twice with the same content; the layers hold what they should and nothing else.")
    return 1 if wrong else 0


def files(directory: Path) -> Iterator[tuple[str, Path]]:
    """Every file below a directory by its path from there, in order."""
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            yield path.relative_to(directory).as_posix(), path


def digest(directory: Path) -> str:
    """Of a tree's names, contents and what may be executed; its times do not count."""
    whole = hashlib.sha256()
    for name, path in files(directory):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{name} {os.access(path, os.X_OK)} {content}\n".encode())
    return whole.hexdigest()


def _twins(name: str, again: Path) -> bool:
    """Whether the two builds of an artifact differ."""
    return digest(sam.BUILT / name) != digest(again / name)


def _bridge_layer() -> list[str]:
    source = ROOT / "layers" / "bridge"
    expected = {f"python/{name}" for name, _ in files(source) if "__pycache__" not in name}
    return _compare("BridgeLayer", expected, {name for name, _ in files(sam.BUILT / "BridgeLayer")})


def _function(template: Template, name: str) -> list[str]:
    source = ROOT / str(template.function(name)["CodeUri"])
    expected = {path for path, _ in files(source) if "__pycache__" not in path}
    return _compare(name, expected, {path for path, _ in files(sam.BUILT / name)})


def _dependencies_layer() -> list[str]:
    """The pinned packages and no others, without what only their tests need."""
    layer = sam.BUILT / "DependenciesLayer"
    pins = _PIN.findall((ROOT / "layers" / "dependencies" / "requirements.txt").read_text(encoding="utf-8"))
    found = [_DIST_INFO.fullmatch(path.name) for path in (layer / "python").glob("*.dist-info")]
    wrong = _compare(
        "DependenciesLayer",
        {f"{_normal(name)} {version}" for name, version in pins},
        {f"{_normal(match[1])} {match[2]}" for match in found if match},
    )
    extra = [name for name, _ in files(layer) if not name.startswith("python/") or "__pycache__" in name]
    tests = [name for name, _ in files(layer) if name.split("/")[1] in {"tests", "test"}]
    return wrong + [f"DependenciesLayer: {name} does not belong there" for name in extra + tests]


def _normal(name: str) -> str:
    """A distribution's name in its normal form (PyPA, "Names and normalization")."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _compare(name: str, expected: set[str], found: set[str]) -> list[str]:
    return [
        *(f"{name}: {path} is missing" for path in sorted(expected - found)),
        *(f"{name}: {path} does not belong there" for path in sorted(found - expected)),
    ]


def _import(function: str, runtime: str, scratch: Path) -> list[str]:
    """Import as Lambda does: the function, the layers, and boto3, which the runtime brings."""
    brought = scratch / "runtime"
    brought.mkdir(exist_ok=True)
    for name in _RUNTIME:
        link = brought / name
        if not link.exists():
            link.symlink_to(sam.HOME / "lib" / runtime / "site-packages" / name)
    places = [
        sam.BUILT / function,
        sam.BUILT / "BridgeLayer" / "python",
        sam.BUILT / "DependenciesLayer" / "python",
        brought,
    ]
    done = subprocess.run(  # noqa: S603 - our own command line
        # -I: no environment, no current directory; -S: no site-packages; -B: the layers stay as they are.
        [str(sam.HOME / "bin" / runtime), "-I", "-S", "-B", "-c", _IMPORT, *map(str, places)],
        env={"AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return [f"{function}: the layers cannot be imported:\n{done.stderr}"] if done.returncode else []


def _weigh(layers: list[str], functions: list[str]) -> list[str]:
    """Print what every artifact weighs; a function with its layers must fit into Lambda."""
    unzipped = {}
    print(f"{'':20}{'files':>8}{'unzipped KiB':>14}{'zipped KiB':>12}")
    for name in layers + functions:
        memory = io.BytesIO()
        found = list(files(sam.BUILT / name))
        with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, file in found:
                archive.write(file, path)
        unzipped[name] = sum(file.stat().st_size for _, file in found)
        print(f"{name:20}{len(found):8}{unzipped[name] / 1024:14,.0f}{len(memory.getvalue()) / 1024:12,.0f}")
    shared = sum(unzipped[name] for name in layers)
    return [
        f"{name}: with its layers {(unzipped[name] + shared) / 1024 / 1024:.0f} MiB, more than Lambda takes"
        for name in functions
        if unzipped[name] + shared > _MAX_SIZE
    ]


if __name__ == "__main__":
    sys.exit(main())
