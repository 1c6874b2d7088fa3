"""People and a subject for the tests of approvals."""

from typing import NamedTuple

import pytest

from approvals import registry
from approvals.tests.factories import Probe, make_gates, make_probe
from core.models import JobRun
from users.models import User
from users.tests.factories import BusinessUnitFactory, TeamFactory, UserFactory


class World(NamedTuple):
    """`rep` asks; `pricing` holds the first gate, `manager` the second, `success` the one beside it."""

    probe: JobRun
    rep: User
    pricing: User
    manager: User
    success: User
    steward: User


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    return build_world(monkeypatch)


def build_world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setitem(registry._subjects, "probe", Probe())
    make_gates()
    team = TeamFactory(unit=BusinessUnitFactory())
    return World(
        probe=make_probe(team.unit_id),
        rep=UserFactory(username="rep1", roles=["sales_rep"], team=team, display_name="Riikka Räsänen"),
        pricing=UserFactory(username="pricing1", roles=["pricing"], team=team, display_name="Pirkko Pöyry"),
        manager=UserFactory(username="manager1", roles=["sales_manager"], team=team, display_name="Mauri Mäkelä"),
        success=UserFactory(username="success1", roles=["customer_success"], team=team, display_name="Sanna Sjöblom"),
        steward=UserFactory(username="steward1", roles=["data_steward"], display_name="Taavi Tähtinen"),
    )
