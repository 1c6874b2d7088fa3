"""Reads of runs and of what they left out."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.models import Account, MasterRecord
from core import events
from core.models import Event, JobRun
from integration.models import CUSTOMER_SYNC, PRODUCT_IMPORT, QuarantinedRow
from users.models import User
from users.roles import Perm

KINDS = (CUSTOMER_SYNC, PRODUCT_IMPORT)


def run_list_for(user: User) -> QuerySet[JobRun]:
    """The runs of all feeds; stewards only."""
    if not user.may(Perm.STEWARD):
        return JobRun.objects.none()
    return JobRun.objects.filter(kind__in=KINDS).select_related("started_by")


def quarantine_of(run: JobRun, user: User) -> QuerySet[QuarantinedRow]:
    rows: QuerySet[QuarantinedRow] = QuarantinedRow.objects.visible_to(user).filter(run=run)
    return rows


def records_of(run: JobRun, user: User) -> QuerySet[MasterRecord]:
    """What the master says of the accounts that no later run has changed since."""
    return MasterRecord.objects.filter(run=run, account__in=Account.objects.visible_to(user)).select_related("account")


@dataclass(frozen=True)
class FieldChange:
    """One field of an account before and after a run, as text."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class AccountNews:
    """What a run did to an account."""

    account: Account
    verb: str
    changes: list[FieldChange]


def news_of(run: JobRun, records: list[MasterRecord]) -> list[AccountNews]:
    """What the run did to the accounts of these records, in their order. One query."""
    pks = [record.account_id for record in records]
    told = Event.objects.filter(subject_type=events.subject_type(Account), subject_id__in=pks, data__run=run.pk)
    by_account = {event.subject_id: event for event in told}
    return [_news(record.account, by_account.get(record.account_id)) for record in records]


def _news(account: Account, event: Event | None) -> AccountNews:
    changes: dict[str, list[str]] = event.data.get("changes", {}) if event else {}
    rows = [FieldChange(_label(field), *pair) for field, pair in changes.items()]
    return AccountNews(account, event.verb if event else "", rows)


def _label(field: str) -> str:
    column: Any = Account._meta.get_field(field)
    return str(column.verbose_name)
