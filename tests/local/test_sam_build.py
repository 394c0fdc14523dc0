"""How two builds are compared."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bridge_local.sam_build import digest


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """A tree of one file."""
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "app.py").write_text("1")
    return tmp_path


def test_times_do_not_count(artifact: Path) -> None:
    """Two builds are never made in the same second."""
    before = digest(artifact)
    os.utime(artifact / "python" / "app.py", (0, 0))
    assert digest(artifact) == before


def test_a_content_a_name_a_file_more_and_a_mode_count(artifact: Path) -> None:
    """Whatever would be shipped otherwise makes another digest."""
    file = artifact / "python" / "app.py"
    seen = {digest(artifact)}
    file.write_text("2")
    seen.add(digest(artifact))
    file = file.rename(artifact / "python" / "other.py")
    seen.add(digest(artifact))
    (artifact / "python" / "more.py").write_text("")
    seen.add(digest(artifact))
    file.chmod(0o755)
    seen.add(digest(artifact))
    assert len(seen) == 5
