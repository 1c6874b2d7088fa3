"""What those who keep the handling rules of cases type."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import ProductGroup
from csr.choices import Priority
from csr.models import RequirementType
from users.models import BusinessUnit, User


class CaseForm(forms.Form):
    """A case to try the rules on."""

    unit: Any = forms.ModelChoiceField(label=_("Business unit"), queryset=BusinessUnit.objects.all(), required=False)
    requirement_type: Any = forms.ModelChoiceField(
        label=_("Requirement type"), queryset=RequirementType.objects.filter(is_active=True)
    )
    product_groups: Any = forms.ModelMultipleChoiceField(
        label=_("Product groups"), queryset=ProductGroup.objects.filter(is_active=True), required=False
    )
    priority = forms.TypedChoiceField(label=_("Priority"), choices=Priority.choices, coerce=int, initial=Priority.NORMAL)
    requester = forms.ModelChoiceField(
        label=_("Asked by"), queryset=User.objects.filter(is_active=True).order_by("display_name"), required=False
    )
