"""Registry: every transition × every state of every model with a life cycle, by a table written by hand.

A new transition or state fails here until it stands in the table; so does a database trigger that allows something else,
and code that sets a state itself instead of calling a transition.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django_fsm import FSMField, TransitionNotAllowed, can_proceed

from core.db import schema


class LifeCycle(NamedTuple):
    start: str
    moves: dict[str, tuple[str, str]]
    """Transition → (sources, separated by blanks; target)."""
    field: str = "status"


LIFE_CYCLES: dict[str, LifeCycle] = {
    "approvals.Request": LifeCycle(
        "pending",
        {
            "approve": ("pending", "approved"),
            "cancel": ("pending", "cancelled"),
            "give_back": ("pending", "returned"),
            "reject": ("pending", "rejected"),
        },
    ),
    "approvals.Run": LifeCycle(
        "open",
        {
            "approve": ("open", "approved"),
            "give_back": ("open", "returned"),
            "recall": ("open", "recalled"),
            "reject": ("open", "rejected"),
        },
    ),
    "csr.Case": LifeCycle(
        "registration",
        {
            "approve": ("approval_pending", "under_implementation"),
            "back_to_assessment": ("approval_pending", "under_assessment"),
            "back_to_registration": ("pending_pre_approval", "registration"),
            "close_rejected": (
                "registration pending_pre_approval under_assessment approval_pending under_implementation",
                "closed_rejected",
            ),
            "deactivate": ("implemented", "inactive"),
            "implement": ("under_implementation", "implemented"),
            "pre_approve": ("pending_pre_approval", "under_assessment"),
            "submit": ("registration", "pending_pre_approval"),
            "submit_for_approval": ("under_assessment", "approval_pending"),
        },
    ),
    "opportunities.Opportunity": LifeCycle(
        "new",
        {
            "lose": ("new qualified quoting negotiation", "lost"),
            "qualify": ("new", "qualified"),
            "reopen": ("lost", "qualified"),
            "start_negotiation": ("new qualified quoting", "negotiation"),
            "start_quoting": ("new qualified", "quoting"),
            "win": ("new qualified quoting negotiation", "ordered"),
        },
    ),
    "quotes.Quote": LifeCycle(
        "draft",
        {
            "accept": ("sent", "accepted"),
            "approve": ("in_review", "approved"),
            **{f"back_to_{state}": ("superseded", state) for state in ("approved", "sent", "declined", "expired")},
            "cancel": ("draft approved sent", "cancelled"),
            "decline": ("sent", "declined"),
            "expire": ("approved sent", "expired"),
            "give_back": ("in_review", "draft"),
            "order": ("accepted", "ordered"),
            "recall": ("in_review", "draft"),
            "reject": ("in_review", "draft"),
            "send": ("approved", "sent"),
            "submit_for_approval": ("draft", "in_review"),
            "submit_without_approval": ("draft", "approved"),
            "supersede": ("approved sent declined expired", "superseded"),
            "unsend": ("sent", "approved"),
        },
    ),
}

EXCEPTIONS: dict[str, tuple[int, str]] = {
    "approvals/services/deciding.py": (1, "stores what a transition has set, where the request still waits"),
    "crm/demo_large/cases.py": (1, "set-based along the legal moves, which the triggers check"),
    "crm/demo_large/deals.py": (1, "set-based along the legal moves, which the triggers check"),
    "crm/demo_large/decisions.py": (2, "set-based along the legal moves, which the triggers check"),
    "quotes/services/drafting.py": (1, "a revision is a copy and starts its life anew"),
}
"""File → how many lines set a state (or an attribute of that name) themselves, and why."""


def models_with_a_life_cycle() -> dict[str, type[models.Model]]:
    """All but the copies that keep history."""
    return {
        model._meta.label: model
        for model in apps.get_models()
        if not hasattr(model, "instance_type") and any(isinstance(field, FSMField) for field in model._meta.fields)
    }


def states_of(label: str) -> list[str]:
    return [code for code, _label in apps.get_model(label)._meta.get_field(LIFE_CYCLES[label].field).choices or ()]


def test_every_life_cycle_is_in_the_table() -> None:
    assert sorted(models_with_a_life_cycle()) == sorted(LIFE_CYCLES)


@pytest.mark.parametrize("label", LIFE_CYCLES)
def test_the_table_names_exactly_the_transitions_of_the_model(label: str) -> None:
    model = apps.get_model(label)
    declared = {move.name for move in getattr(model(), f"get_all_{LIFE_CYCLES[label].field}_transitions")()}
    assert declared == set(LIFE_CYCLES[label].moves)


@pytest.mark.parametrize("label", LIFE_CYCLES)
def test_a_new_record_is_in_the_starting_state(label: str) -> None:
    assert getattr(apps.get_model(label)(), LIFE_CYCLES[label].field) == LIFE_CYCLES[label].start


def cases() -> Iterator[Any]:
    for label, cycle in LIFE_CYCLES.items():
        for move, (sources, target) in cycle.moves.items():
            for state in states_of(label):
                yield pytest.param(label, move, state, target if state in sources.split() else None, id=f"{label}-{move}-{state}")


@pytest.mark.parametrize(("label", "move", "state", "target"), cases())
def test_a_move_is_open_only_from_its_sources(label: str, move: str, state: str, target: str | None) -> None:
    field = LIFE_CYCLES[label].field
    record = apps.get_model(label)(**{field: state})
    assert can_proceed(getattr(record, move)) is (target is not None)
    if target is None:
        with pytest.raises(TransitionNotAllowed):
            getattr(record, move)()
    else:
        getattr(record, move)()
    assert getattr(record, field) == (target or state)


@pytest.mark.django_db
@pytest.mark.parametrize("label", LIFE_CYCLES)
def test_the_database_allows_the_same_moves(label: str) -> None:
    cycle, table = LIFE_CYCLES[label], apps.get_model(label)._meta.db_table
    name = f"{table}_{cycle.field}_transitions"
    source = " ".join(sql for trigger, sql in sorted(schema.trigger_sources().items()) if trigger.startswith(name))
    legal = re.findall(rf"OLD\.{cycle.field} = '(\w+)' AND NEW\.{cycle.field} = '(\w+)'", source)
    starts = re.findall(rf"NEW\.{cycle.field} NOT IN \(([^)]*)\)", source)
    assert set(legal) == {(state, target) for sources, target in cycle.moves.values() for state in sources.split()}
    assert starts == [f"'{cycle.start}'"]


# --- Nobody but workflow.py sets a state ------------------------------------------------------------------------------
STATE_FIELDS = frozenset({cycle.field for cycle in LIFE_CYCLES.values()})


def states_set_by(source: str, fields: frozenset[str] = STATE_FIELDS) -> list[int]:
    """Lines that assign a state, or write one past the model."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            parts = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
            lines += [node.lineno for part in parts if isinstance(part, ast.Attribute) and part.attr in fields]
        elif isinstance(node, ast.Call):
            function = getattr(node.func, "attr", getattr(node.func, "id", ""))
            named = {keyword.arg for keyword in node.keywords}
            constants = {leaf.value for arg in node.args for leaf in ast.walk(arg) if isinstance(leaf, ast.Constant)}
            if (function == "update" and named & fields) or (function in {"setattr", "bulk_update"} and constants & fields):
                lines.append(node.lineno)
    return lines


def may_hold_a_life_cycle(path: Path, source: str) -> bool:
    """Whether the file belongs to an app with a life cycle or imports one; elsewhere `status` is somebody else's word."""
    apps_with_one = {label.partition(".")[0] for label in LIFE_CYCLES}
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    return path.relative_to(settings.BASE_DIR).parts[0] in apps_with_one or bool(imported & apps_with_one)


def code_outside_workflow() -> Iterator[Path]:
    for config in apps.get_app_configs():
        if Path(config.path).parent == settings.BASE_DIR:
            for path in sorted(Path(config.path).rglob("*.py")):
                if path.name != "workflow.py" and not {"migrations", "tests"} & set(path.parts):
                    yield path


def test_a_state_changes_by_transitions_only() -> None:
    found = {}
    for path in code_outside_workflow():
        source = path.read_text(encoding="utf-8")
        if may_hold_a_life_cycle(path, source) and (lines := states_set_by(source)):
            found[path.relative_to(settings.BASE_DIR).as_posix()] = len(lines)
    assert found == {name: count for name, (count, _reason) in EXCEPTIONS.items()}


@pytest.mark.parametrize(
    "line",
    [
        "quote.status = 'sent'",
        "a, quote.status = 1, 'sent'",
        "Quote.objects.filter(pk=1).update(status='sent')",
        "Quote.objects.bulk_update(rows, ['status'])",
        "setattr(quote, 'status', 'sent')",
    ],
)
def test_the_scan_sees_each_way_to_set_a_state(line: str) -> None:
    assert states_set_by(line) == [1]


def test_the_scan_leaves_reading_alone() -> None:
    assert states_set_by("if quote.status == 'sent': Quote.objects.filter(status='sent').update(version=2)") == []
