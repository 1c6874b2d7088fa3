"""Mails about a person's own account, delivered by the outbox."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _, gettext_lazy

from core import deliveries, emails, outbox
from core.deliveries import About
from core.models import OutboxMessage
from users.models import User
from users.selectors import user_with_roles

CHANGES = {
    "password_changed": gettext_lazy("Your password was changed"),
    "password_set": gettext_lazy("An administrator gave your account another password"),
    "password_reset": gettext_lazy("Your password was replaced by a new one"),
    "totp_activated": gettext_lazy("The second step of logging in was switched on"),
    "totp_deactivated": gettext_lazy("The second step of logging in was switched off"),
    "recovery_codes_generated": gettext_lazy("New recovery codes were made"),
}
"""What a person is told of, mostly by the log-in library's names."""


@deliveries.tells("user_id")
def _people(ids: list[int]) -> dict[int, About]:
    people = User.objects.filter(pk__in=ids)
    return {person.pk: About(to=emails.address(person.display_name, person.email)) for person in people}


@outbox.handler("users.password_reset", title=gettext_lazy("Link for a new password"), urgent=True)
def password_reset(message: OutboxMessage, *, user_id: int) -> None:
    """The link for a new password, made as it is sent. Nothing is sent to nobody, nor to those who have left since."""
    user = user_with_roles(user_id)
    if user is None or not user.is_active:
        return
    link = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(user), default_token_generator.make_token(user)])
    with translation.override(user.language):
        subject = _("New password")
    emails.send(
        message,
        to=[user.email],
        subject=subject,
        text_template="users/emails/password_reset.txt",
        html_template="users/emails/password_reset.html",
        context={"person": user, "url": emails.absolute(link), "hours": settings.PASSWORD_RESET_TIMEOUT // 3600},
        language=user.language,
    )


@outbox.handler("users.account_changed", title=gettext_lazy("Notice of a change to a log-in"))
def account_changed(message: OutboxMessage, *, user_id: int, change: str) -> None:
    """Tells the person how the way into the account was changed, so that somebody else's hand is noticed. Those who have
    left since get nothing."""
    user = user_with_roles(user_id)
    if user is None or not user.is_active:
        return
    with translation.override(user.language):
        subject = str(CHANGES[change])
    emails.send(
        message,
        to=[user.email],
        subject=subject,
        text_template="users/emails/account_changed.txt",
        html_template="users/emails/account_changed.html",
        context={"person": user, "at": message.created_at, "url": emails.absolute(reverse("account_reset_password"))},
        language=user.language,
    )
