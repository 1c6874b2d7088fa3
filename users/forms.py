"""What people set about themselves."""

from django import forms
from django.utils.translation import gettext_lazy as _

from users.models import ApiToken, User


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("display_name", "language", "theme")


class TokenForm(forms.Form):
    """A new API token: what it is for, what it may do, how long."""

    name = forms.CharField(label=_("What it is for"), max_length=100)
    scope = forms.ChoiceField(label=_("Rights"), choices=ApiToken.Scope.choices)
    days = forms.TypedChoiceField(
        label=_("Valid for"), choices=[(30, _("30 days")), (90, _("90 days")), (365, _("a year"))], coerce=int
    )
