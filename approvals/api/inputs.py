"""What programs send about approvals."""

from django.core.validators import MinValueValidator
from rest_framework import serializers

from approvals.batching import MOST
from core.api.fields import Input, Key, Text


class _Seen(Input):
    """What the decision is bound to: version and content hash as they were read. Without them, those that were asked about."""

    version = serializers.IntegerField(required=False, validators=[MinValueValidator(1)], max_value=2**31)
    content_hash = Text(required=False, max_length=64)


class Yes(_Seen):
    """A yes, with a comment or without."""

    comment = Text(required=False, allow_blank=True, max_length=2000)


class RequestSeen(Input):
    """A request as it was read."""

    id = Key()
    version = serializers.IntegerField(validators=[MinValueValidator(1)], max_value=2**31)
    content_hash = Text(max_length=64)


class YesToSeveral(Input):
    """A yes to each of these, with one comment for all or without."""

    requests = RequestSeen(many=True, allow_empty=False, max_length=MOST)  # type: ignore[call-arg]
    comment = Text(required=False, allow_blank=True, max_length=2000)


class No(_Seen):
    """A no says why."""

    comment = Text(max_length=2000)


class AskingBack(_Seen):
    """What somebody wants to know or have changed, and which lines are meant, by their positions."""

    question = Text(max_length=2000)
    lines = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=100_000), required=False, max_length=1000)


class Comment(Input):
    comment = Text(max_length=2000)


class HandingOver(Input):
    """To whom, by the key of the user."""

    to = serializers.IntegerField(min_value=1, max_value=2**31)
    comment = Text(required=False, allow_blank=True, max_length=2000)


class Taking(Input):
    """Taking a request back needs no words."""
