"""The floor does the same work: otherwise a ratio to it would say nothing."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings


@pytest.fixture(scope="module")
def walked() -> dict[str, Any]:
    environment = {
        name: value for name, value in os.environ.items() if name not in ("FLOOR_DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.tests.floor_walk"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_asks_who_is_there_and_for_the_token_of_its_forms(walked: dict[str, Any]) -> None:
    assert (walked["without_csrf"], walked["signed_in"], walked["stranger"]) == (403, 302, 302)


def test_it_prices_a_quote_and_a_changed_line(walked: dict[str, Any]) -> None:
    assert (walked["made"], walked["net_total"], walked["changed"]) == (201, "9.98", 200)
    assert walked["changed_totals"] == {"net_total": "19.95", "gross_total": "22.64"}


def test_it_keeps_a_row_of_every_move(walked: dict[str, Any]) -> None:
    assert (walked["moves"], walked["status"]) == ([302, 302, 302, 302], "accepted")
    assert walked["notes"] == ["in_review", "approved", "sent", "accepted"]


def test_it_shows_a_quote_with_inputs_and_as_json(walked: dict[str, Any]) -> None:
    assert (walked["inputs"], walked["json_lines"]) == (2, 1)


def test_it_finds_a_part_of_a_name_and_pages_by_the_last_row(walked: dict[str, Any]) -> None:
    assert (walked["found"], walked["after"]) == ([1, 0], 0)
