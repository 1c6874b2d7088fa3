"""What programs get to see of opportunities: a plain dict, and its shape for the description."""

from rest_framework import serializers

from core.api.fields import Exact, Output
from core.api.values import Json, day, instant, number
from opportunities.choices import OpportunityStatus
from opportunities.models import Opportunity


class OpportunityOut(Output):
    """A deal in the making. `value` is net, in `currency`."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    account = serializers.IntegerField()
    account_name = serializers.CharField()
    owner = serializers.IntegerField()
    owner_name = serializers.CharField()
    status = serializers.ChoiceField(OpportunityStatus.choices)
    version = serializers.IntegerField()
    value = Exact()
    currency = serializers.CharField()
    close_date = serializers.DateField(allow_null=True)
    created_at = serializers.DateTimeField()


def opportunity_out(opportunity: Opportunity) -> Json:
    return {
        "id": opportunity.pk,
        "name": opportunity.name,
        "account": opportunity.account_id,
        "account_name": opportunity.account.name,
        "owner": opportunity.owner_id,
        "owner_name": opportunity.owner.display_name,
        "status": opportunity.status,
        "version": opportunity.version,
        "value": number(opportunity.value),
        "currency": opportunity.currency,
        "close_date": day(opportunity.close_date),
        "created_at": instant(opportunity.created_at),
    }
