"""What the list of runs can be narrowed by."""

import django_filters
from django.utils.translation import gettext_lazy as _

from core.models import JobRun
from integration import words


class RunFilter(django_filters.FilterSet):  # type: ignore[misc]
    status = django_filters.ChoiceFilter(choices=JobRun.Status.choices, label=_("Status"), empty_label=_("All"))
    kind = django_filters.ChoiceFilter(choices=list(words.KINDS.items()), label=_("Kind"), empty_label=_("All"))

    class Meta:
        model = JobRun
        fields = ("status", "kind")
