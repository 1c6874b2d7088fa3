"""The same request many times at once, and a process that dies at the worst moments: one quote or none, never two."""

import os
import subprocess
import sys
import uuid
from collections import Counter
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from core.api import idempotency
from core.api.idempotency import Answer, Claim
from core.models import IdempotencyKey
from core.tests.rivals import at_once
from quotes.models import Quote
from quotes.tests.factories import World, make_world
from users.tests.programs import Program

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
RIVALS = 8
KILLED = 9


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def new_quote(world: World) -> dict[str, Any]:
    return {"account": world.account.pk, "lines": [{"sku": "MAITO-1", "quantity": "5"}]}


def answers(world: World) -> Counter[Any]:
    """How often each answer came to rivals that send the same request with the same key: by status, code and replay."""
    programs = [Program(world.rep) for _rival in range(RIVALS)]
    responses = at_once(
        *[lambda program=program: program.post("quotes/", new_quote(world), Idempotency_Key="k1") for program in programs]
    )
    return Counter(
        (answer.status_code, answer.json().get("code", ""), answer.headers.get("Idempotent-Replayed", "")) for answer in responses
    )


def test_of_eight_at_once_one_makes_the_quote(world: World) -> None:
    found = answers(world)
    assert (found[201, "", ""], Quote.objects.count()) == (1, 1)
    assert found[409, "in_flight", ""] + found[201, "", "true"] == RIVALS - 1


def test_without_the_unique_claim_there_would_be_more_than_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = idempotency.claim

    def looked_up(*, user_id: int, key: str, **request: Any) -> Claim:
        """What looking before writing would do."""
        known = IdempotencyKey.objects.filter(user_id=user_id, key__startswith=key).exclude(status=None).first()
        if known is not None:
            return Claim(known, Answer(known.status or 0, known.body, known.headers))
        return claim(user_id=user_id, key=f"{key}-{uuid.uuid4()}", **request)

    monkeypatch.setattr(idempotency, "claim", looked_up)
    assert answers(world)[201, "", ""] > 1
    assert Quote.objects.count() > 1


# --- A process that dies ----------------------------------------------------------------------------------------------
CHILD = """
import json, os, sys
import django
django.setup()
from django.db import connection
from django.test import Client
from core.api import idempotency
from users.api.base import Endpoint

token, moment, body = sys.argv[1:]
if moment == "before the commit":
    complete = idempotency.complete
    idempotency.complete = lambda *args: (complete(*args), os._exit(9))
else:
    Endpoint.finalize_response = lambda *args, **kwargs: os._exit(9)
headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k1", "Host": "localhost"}
Client(headers=headers).post("/api/v1/quotes/", body, content_type="application/json")
"""


def die(program: Program, body: str, moment: str) -> None:
    """A process works on the request and is gone at that moment."""
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    environment = {
        **os.environ,
        "DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}",
        "DJANGO_SETTINGS_MODULE": "crm.settings",
        "DEMO": "1",
    }
    command = [sys.executable, "-c", CHILD, program.text, moment, body]
    ended = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == KILLED, ended.stderr


@pytest.mark.parametrize(("moment", "made", "replayed"), [("before the commit", 0, ""), ("after the commit", 1, "true")])
def test_a_process_that_dies_leaves_everything_or_nothing(world: World, moment: str, made: int, replayed: str) -> None:
    program = Program(world.rep)
    body = f'{{"account": {world.account.pk}}}'
    die(program, body, moment)
    assert (Quote.objects.count(), IdempotencyKey.objects.filter(status=201).count()) == (made, made)
    if not made:
        assert program.post("quotes/", {"account": world.account.pk}, Idempotency_Key="k1").json()["code"] == "in_flight"
        IdempotencyKey.objects.update(claimed_until="2020-01-01T00:00Z")  # the lease runs out
    again = program.post("quotes/", {"account": world.account.pk}, Idempotency_Key="k1")
    assert (again.status_code, again.headers.get("Idempotent-Replayed", ""), Quote.objects.count()) == (201, replayed, 1)
