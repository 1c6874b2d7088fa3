"""What programs send about opportunities. Currency, owner and stage are never asked."""

from rest_framework import serializers

from core.api.fields import Amount, Input, Key, Text


class OpportunityChange(Input):
    """What can change of an open opportunity."""

    name = Text(required=False, max_length=200)
    value = Amount(required=False, min_value=0)
    close_date = serializers.DateField(required=False, allow_null=True)


class NewOpportunity(OpportunityChange):
    """A deal in the making; who sends it owns it."""

    account = Key()
    name = Text(max_length=200)
