"""What makes, changes and moves an opportunity."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_fsm import can_proceed

from accounts.models import Account, AccountStatus
from core import events, versions
from core.errors import Invalid, NotFound, WrongState, require
from opportunities import policies, selectors
from opportunities.choices import CLOSED
from opportunities.models import Opportunity
from users.models import User

CHANGEABLE = ("name", "value", "close_date")
_MOVES = {"quoting": "start_quoting", "negotiation": "start_negotiation", "ordered": "win"}


@transaction.atomic
def opportunity_create(
    *, account_id: int, name: str, by: User, value: Decimal = Decimal(0), close_date: dt.date | None = None
) -> Opportunity:
    """A new opportunity of the account; whoever makes it owns it. `value`: net, EUR, 2 places.

    Raises: NotFound for an account out of sight; NotAllowed; Invalid for an inactive account or a value that does not fit.
    """
    account = Account.objects.visible_to(by).select_related("owner").filter(pk=account_id).first()
    if account is None:
        raise NotFound(_("There is no such account."))
    require(policies.may_create(by, account))
    if account.status != AccountStatus.ACTIVE:
        text = _("This account is inactive.")
        raise Invalid(text, fields={"account": text})
    opportunity = Opportunity(account=account, owner=by, name=name, value=value, close_date=close_date)
    _check(opportunity)
    opportunity.save()
    events.record(opportunity, "created", by=by)
    return opportunity


@transaction.atomic
def opportunity_change(*, opportunity_id: int, by: User, version: int | None, changes: Mapping[str, Any]) -> Opportunity:
    """What `changes` names of name, value and close date holds its new value. Locks the opportunity.

    Raises: NotFound, NotAllowed, StaleVersion, WrongState for a closed one, Invalid.
    """
    opportunity = selectors.opportunity_for_update(by, opportunity_id)
    require(policies.may_edit(by, opportunity))
    versions.require(opportunity, version)
    if opportunity.status in CLOSED:
        raise WrongState(_("This opportunity is closed."))
    foreign = set(changes) - set(CHANGEABLE)
    if foreign:
        raise Invalid(fields=dict.fromkeys(sorted(foreign), _("This field does not change by hand.")))
    changed = [field for field, value in changes.items() if getattr(opportunity, field) != value]
    if not changed:
        return opportunity
    for field in changed:
        setattr(opportunity, field, changes[field])
    _check(opportunity)
    versions.bump(opportunity)
    opportunity.save(update_fields=[*changed, "version"])
    events.record(opportunity, "edited", by=by, fields=sorted(changed))
    return opportunity


def _check(opportunity: Opportunity) -> None:
    """The name is trimmed, and everything fits. Raises: Invalid."""
    opportunity.name = opportunity.name.strip()
    try:
        opportunity.clean_fields(exclude=[field.name for field in Opportunity._meta.fields if field.name not in CHANGEABLE])
    except ValidationError as error:
        raise Invalid(fields={field: " ".join(texts) for field, texts in error.message_dict.items()}) from error
    if opportunity.value < 0:
        raise Invalid(fields={"value": _("The value cannot be below 0.")})


@transaction.atomic
def opportunity_follow_quote(*, opportunity_id: int, stage: str, by: User | None) -> None:
    """Bring the opportunity to the stage its quote has reached; further stages and closed ones stay as they are.

    Locks the opportunity, after the quote.
    """
    opportunity = Opportunity.objects.select_for_update().get(pk=opportunity_id)
    move = getattr(opportunity, _MOVES[stage])
    if not can_proceed(move):
        return
    before = opportunity.status
    move()
    opportunity.version += 1
    opportunity.save(update_fields=["status", "version"])
    events.record(opportunity, f"moved to {stage}", by=by, source=before)
