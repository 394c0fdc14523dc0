"""docs/console.md has every scene, as it is, with its picture; the README has the first one."""

from __future__ import annotations

import re

from bridge_local import ROOT
from bridge_local.play import scenes

DOCUMENT = (ROOT / "docs/console.md").read_text("utf-8")


def test_every_scene_is_told_and_shown() -> None:
    """In the order of scenes.json: what has happened, the first command, the alarm, the picture."""
    told = re.findall(r"^### (\S+)\n\n(.*)\n\n!\[\1\]\(pictures/scene-\1\.png\)$", DOCUMENT, re.MULTILINE)
    assert told == [
        (name, f"{each.says} First: `bridge {each.command}`. In AWS `{each.alarm}` tells somebody.")
        for name, each in scenes().items()
    ]


def test_every_picture_is_there() -> None:
    """And a PNG file."""
    shown = re.findall(r"\(((?:docs/)?pictures/[\w-]+\.png)\)", DOCUMENT + (ROOT / "README.md").read_text("utf-8"))
    assert len(shown) >= len(scenes()) + 4
    for path in shown:
        file = ROOT / "docs" / path.removeprefix("docs/")
        assert file.read_bytes().startswith(b"\x89PNG"), path
