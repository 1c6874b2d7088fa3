"""What people set about themselves, and the forms of logging in: each counts its attempts before it looks at a secret."""

from typing import Any

from allauth.account import forms as account_forms
from allauth.core import context
from allauth.mfa.base import forms as code_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp_forms
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core import clock, rate_limits
from core.errors import DomainError
from users import limits, selectors, services
from users.models import ApiToken, User

CODE = {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("display_name", "language", "theme", "approval_mail")


class TokenForm(forms.Form):
    """A new API token: what it is for, what it may do, how long."""

    name = forms.CharField(label=_("What it is for"), max_length=100)
    scope = forms.ChoiceField(label=_("Rights"), choices=ApiToken.Scope.choices)
    days = forms.TypedChoiceField(
        label=_("Valid for"), choices=[(30, _("30 days")), (90, _("90 days")), (365, _("a year"))], coerce=int
    )


class Colleague(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One of the colleagues, told apart by their teams."""

    def label_from_instance(self, obj: User) -> str:
        return f"{obj} ({obj.team})" if obj.team else str(obj)


class AbsenceForm(forms.Form):
    """When one is away, and who stands in."""

    starts_on = forms.DateField(label=_("First day"))
    ends_on = forms.DateField(label=_("Last day"))
    substitute = Colleague(User.objects.none(), label=_("Substitute"), required=False, empty_label=_("Nobody"))

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data, auto_id="id_absence_%s")
        for name in ("starts_on", "ends_on"):
            self.fields[name].widget = forms.DateInput({"type": "date", "min": clock.today().isoformat()}, "%Y-%m-%d")
        self.fields["substitute"].queryset = selectors.colleagues_for(user)  # type: ignore[attr-defined]

    def blame(self, refusal: DomainError) -> None:
        """Puts the refusal into the form, where what was typed stays."""
        for name, text in refusal.fields.items():
            self.add_error(name if name in self.fields else None, str(text))


class LoginForm(account_forms.LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = forms.CharField(
            label=_("User name or e-mail"),
            max_length=254,
            widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
        )
        self.fields["password"].label = _("Password")
        self.order_fields(["login", "password"])


class ReauthenticateForm(account_forms.ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = _("Password")


class ChangePasswordForm(account_forms.ChangePasswordForm):  # type: ignore[misc]
    def clean_oldpassword(self) -> str:
        """Raises: TooMany."""
        attempts = limits.password_attempts(context.request, self.user.username, self.user)
        rate_limits.require_all(attempts)
        password: str = super().clean_oldpassword()
        rate_limits.give_back_all(attempts)
        return password


class ResetPasswordForm(forms.Form):
    """Asks for nothing but an address, and says nothing about it."""

    email = forms.EmailField(label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Raises: TooMany."""
        email: str = self.cleaned_data["email"]
        rate_limits.require_all([(limits.RESET_PLACE, limits.place_of(request)), (limits.RESET_ADDRESS, email.casefold())])
        services.password_ask_for_new(email=email)
        return email


class _CodeForm(code_forms.BaseAuthenticateForm):  # type: ignore[misc]
    """A code of the authenticator app, or a recovery code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = forms.CharField(label=_("Code"), max_length=40, widget=forms.TextInput(attrs=CODE))

    def clean_code(self) -> str:
        """Raises: TooMany. A code of the app opens once, in whichever process it comes."""
        attempts = limits.code_attempts(context.request, self.user)
        rate_limits.require_all(attempts)
        code: str = super().clean_code()
        if self.authenticator.type == Authenticator.Type.TOTP and not _is_first_use(self.user, code):
            raise code_forms.get_adapter().validation_error("incorrect_code")
        rate_limits.give_back_all(attempts)
        return code


class AuthenticateForm(_CodeForm, code_forms.AuthenticateForm):  # type: ignore[misc]
    """The second step of logging in."""


class CodeAgainForm(_CodeForm, code_forms.ReauthenticateForm):  # type: ignore[misc]
    """The code once more, before something that matters."""


class ActivateForm(totp_forms.ActivateTOTPForm):  # type: ignore[misc]
    """The first code of a new app, which shows that it was set up rightly."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        numeric = {**CODE, "inputmode": "numeric"}
        self.fields["code"] = forms.CharField(label=_("Code of the app"), max_length=12, widget=forms.TextInput(attrs=numeric))

    def clean_code(self) -> str:
        """Raises: TooMany."""
        attempts = limits.code_attempts(context.request, self.user)
        rate_limits.require_all(attempts)
        code: str = super().clean_code()
        _is_first_use(self.user, code)
        rate_limits.give_back_all(attempts)
        return code


def _is_first_use(user: User, code: str) -> bool:
    """Whether this code was not used before; it is from now on. People may type it with spaces and dashes."""
    digits = "".join(char for char in code if char.isdigit())
    return rate_limits.take(limits.CODE_ONCE, f"{user.pk}|{digits}")
