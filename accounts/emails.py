"""Mails about accounts, rendered from ids when they are delivered."""

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy, ngettext

from accounts import prospect_selectors as selectors
from core import emails, outbox
from core.models import OutboxMessage
from users.selectors import user_with_roles

NAMED = 10
"""Pairs that a mail names; the page has them all."""


@outbox.handler("account.link_proposed", title=gettext_lazy("Prospects that may be customers"))
def link_proposed(message: OutboxMessage, *, user_id: int, proposals: str) -> None:
    """Asks the owner of prospects whether they are these accounts. Nothing is sent once all of it is answered, nor to those
    who have left."""
    person = user_with_roles(user_id)
    if person is None or not person.is_active:
        return
    rows = list(selectors.open_proposals(person).filter(pk__in=proposals.split(","), prospect__owner=person).order_by("pk"))
    if not rows:
        return
    with translation.override(person.language):
        subject = ngettext(
            "%(prospect)s may be an account of the customer master",
            "%(count)s prospects may be accounts of the customer master",
            len(rows),
        ) % {"prospect": rows[0].prospect.name, "count": len(rows)}
    path = reverse("account_page", args=[rows[0].prospect_id]) if len(rows) == 1 else reverse("proposal_list")
    emails.send(
        message,
        to=[person.email],
        subject=subject,
        text_template="accounts/emails/link_proposed.txt",
        html_template="accounts/emails/link_proposed.html",
        context={
            "person": person,
            "proposals": rows[:NAMED],
            "more": max(0, len(rows) - NAMED),
            "url": emails.absolute(path),
        },
        language=person.language,
    )
