"""A list exported in a browser."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from core.models import Event
from quotes.tests.factories import World

pytestmark = [pytest.mark.e2e, pytest.mark.once("postgresql"), pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [360, 1280])
def test_a_list_is_downloaded_with_its_filter_by_keyboard(world: World, visit: Any, tmp_path: Path, width: int) -> None:
    me = visit(world.rep, width=width)
    me.go("/accounts/?q=%C3%A4mp%C3%A4ri")
    button = me.page.get_by_role("button", name="Export as Excel")
    button.focus()
    with me.page.expect_download() as started:
        me.page.keyboard.press("Enter")
    path = tmp_path / started.value.suggested_filename
    started.value.save_as(path)
    assert path.suffix == ".xlsx"
    assert openpyxl.load_workbook(path).active["A2"].value == world.account.name
    assert Event.objects.get(verb="export started").data["filter"] == {"q": "ämpäri"}
    assert me.page.url.endswith("/accounts/?q=%C3%A4mp%C3%A4ri")
