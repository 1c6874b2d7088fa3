"""Reads of opportunities."""

from core import db
from core.errors import NotFound
from opportunities.models import Opportunity, OpportunityQuerySet
from users.models import User


def opportunities_for(user: User) -> OpportunityQuerySet:
    """Opportunities in sight of this person, with what lists show of them."""
    return Opportunity.objects.visible_to(user).select_related("account", "owner")


def opportunity_for(user: User, opportunity_id: int) -> Opportunity:
    """One of them. Raises: NotFound."""
    return _found(opportunities_for(user), opportunity_id)


def opportunity_for_update(user: User, opportunity_id: int) -> Opportunity:
    """One of them, its row locked. Raises: NotFound."""
    visible = Opportunity.objects.visible_to(user).select_related("account__owner", "owner")
    return _found(visible.select_for_update(**db.lock_options()), opportunity_id)


def _found(rows: OpportunityQuerySet, opportunity_id: int) -> Opportunity:
    opportunity = rows.filter(pk=opportunity_id).first()
    if opportunity is None:
        raise NotFound
    return opportunity
