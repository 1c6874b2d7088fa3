"""Registry: the changes of every model leave a trace, or it is said here why not."""

from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

from core.db import schema

NOT_AUDITED: dict[str, str] = {
    "accounts.MasterConflict": "written by syncs; handed over and settled by people, which are events",
    "accounts.AccountMerge": "is itself the record of a merge, which is an event of both accounts",
    "accounts.LinkProposal": "each answer is an event of the prospect, the last one stands in the row",
    "accounts.MasterRecord": "copy of the master; names the run behind each value",
    "accounts.SurvivorshipRule": "kept in the admin, whose log says who changed what",
    "accounts.Site": "written by syncs only; keeps the row of the master",
    "approvals.Request": "its verdict is an append-only decision",
    "approvals.Run": "every move is an event of its subject",
    "approvals.RunGate": "moves with its request",
    "catalog.ProductMerge": "is itself the record of a merge, which is an event of both products",
    "core.IdempotencyKey": "is itself the record of a request",
    "core.JobRun": "is itself the record of a run",
    "core.Link": "never edited: issued and revoked by events",
    "core.MailboxMessage": "demo mode only",
    "core.NumberSeries": "a counter",
    "core.OutboxMessage": "is itself the record of a delivery",
    "core.RateBucket": "counts attempts, forgotten when it has run out",
    "integration.FeedPage": "copy of the source, until it has been read whole",
    "csr.CaseAccount": "added and removed by people, which are events of the case",
    "csr.CaseFile": "added and removed by people, which are events of the case",
    "csr.CaseMember": "added and removed by people, which are events of the case",
    "csr.CaseSpell": "is itself the record of a time",
    "integration.Intake": "what a run works on; whoever releases it stands in it, and it is an event",
    "integration.ProposedChange": "made by a run and never edited",
    "integration.QuarantinedRow": "is itself the record of a refused row",
    "integration.RowDecision": "made and lifted by people, which are events",
    "integration.StagedPart": "work of a run on its way",
    "integration.SyncSettings": "kept in the admin, whose log says who changed what",
    "integration.QualityFigure": "is itself the record of a day",
    "quotes.QuoteAttachment": "added, changed and removed by people, which are events of the quote",
    "quotes.QuoteDocument": "made by sending, which is an event; bound by its hash",
    "quotes.QuoteMail": "made by sending, which is an event, as is every refusal",
    "quotes.QuotePresence": "who has a page open, for a minute",
    "quotes.QuoteTemplateLine": "made with its template and never edited",
    "quotes.StarterPackSettings": "kept in the admin, whose log says who changed what",
    "users.Absence": "set, ended and removed by people, which are events of whoever is away",
    "users.ApiToken": "never edited: made, used and revoked, each with its instant",
    "users.BusinessUnit": "kept in the admin, whose log says who changed what",
    "users.RoleAssignment": "kept in the admin, whose log says who changed what",
    "users.SavedView": "kept by a person for nobody else",
    "users.Team": "kept in the admin, whose log says who changed what",
    "users.User": "kept in the admin, whose log says who changed what",
}


def own_models() -> list[str]:
    return sorted(
        model._meta.label
        for model in apps.get_models()
        if Path(apps.get_app_config(model._meta.app_label).path).parent == settings.BASE_DIR
        and not hasattr(model, "instance_type")
    )


def has_history(label: str) -> bool:
    return hasattr(apps.get_model(label)._meta, "simple_history_manager_attribute")


def is_append_only(label: str, triggers: dict[str, str]) -> bool:
    name = f"{apps.get_model(label)._meta.db_table}_append_only"
    return name in triggers or {f"{name}_update", f"{name}_delete"} <= triggers.keys()


@pytest.mark.django_db
@pytest.mark.parametrize("label", own_models())
def test_a_model_keeps_history_or_is_append_only_or_says_why_not(label: str) -> None:
    traces = has_history(label) + is_append_only(label, schema.trigger_sources()) + (label in NOT_AUDITED)
    assert traces == 1, f"{label}: register it for history, make it append-only, or list it with the reason"


def test_every_exception_is_a_model() -> None:
    assert set(NOT_AUDITED) <= set(own_models())
