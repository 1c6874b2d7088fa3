"""What the list of runs can be narrowed by."""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _

from core.models import JobRun
from integration import selectors, words


class RunFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Runs of single rows that came right are left out, unless `rows` asks for them."""

    status = django_filters.ChoiceFilter(choices=JobRun.Status.choices, label=_("Status"), empty_label=_("All"))
    kind = django_filters.ChoiceFilter(choices=list(words.KINDS.items()), label=_("Kind"), empty_label=_("All"))
    rows = django_filters.BooleanFilter(method="with_all", label=_("Also runs of single rows"))

    class Meta:
        model = JobRun
        fields = ("status", "kind", "rows")

    def with_all(self, queryset: Any, name: str, value: bool) -> Any:
        return queryset

    def filter_queryset(self, queryset: Any) -> Any:
        runs = super().filter_queryset(queryset)
        return runs if self.form.cleaned_data.get("rows") else runs.exclude(selectors.ROWS_THAT_CAME_RIGHT)
