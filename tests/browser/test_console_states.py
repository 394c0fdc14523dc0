"""The console as it is seen: on a desk and on a telephone, by day and by night, usable by everybody."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Look
from tests.browser.seen import SCHEMES, WIDTHS, serious, sideways

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_calm_console_is_usable_by_everybody(look: Look, width: int, scheme: str) -> None:
    """Nothing serious for axe-core, nothing to scroll sideways for, and no request to anybody but the stack."""
    page = look(width=width, scheme=scheme)
    page.get_by_role("heading", name="Needs you").wait_for()
    assert serious(page) == []
    assert sideways(page) == 0
