"""What moves an opportunity."""

from django.db import transaction
from django_fsm import can_proceed

from core import events
from opportunities.models import Opportunity
from users.models import User

_MOVES = {"quoting": "start_quoting", "negotiation": "start_negotiation", "ordered": "win"}


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
