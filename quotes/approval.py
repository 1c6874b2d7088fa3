"""What the approvals engine asks about quotes; see approvals.registry."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from approvals import routing
from approvals.registry import Case, Field, Fingerprint, GateDefault
from approvals.routing import Choice
from core import events, versions
from core.prepared import Prepared
from quotes import approval_case, approval_facts, selectors, snapshots
from quotes.choices import Trigger
from quotes.models import Quote, QuoteSnapshot
from quotes.services import sending
from users.models import User
from users.roles import Perm


def choices_for(quote: Quote, gates: Iterable[Trigger], requester: User, case: Case) -> list[Choice]:
    """Whom this person may ask about the quote, gate by gate."""
    return routing.choices_for([gate.value for gate in gates], "quote", quote, requester, quote.last_editor_id, case)


_quotes_by_key = Prepared(lambda pk: Quote.objects.select_related("account").filter(pk=pk))


class QuoteApproval:
    """Quotes as a subject of approval."""

    type = "quote"
    label: str | Promise = _("Quote")
    gates: Sequence[GateDefault] = (
        GateDefault(Trigger.FLOOR, Perm.APPROVE_FLOOR, 10, {"en": "Below the floor price", "fi": "Alle pohjahinnan"}),
        GateDefault(Trigger.MARGIN, Perm.APPROVE_MARGIN, 20, {"en": "Margin below the target", "fi": "Kate alle tavoitteen"}),
        GateDefault(
            Trigger.MARGIN_UNKNOWN,
            Perm.STEWARD,
            20,
            {"en": "No margin target for the quote", "fi": "Tarjoukselle ei ole katetavoitetta"},
        ),
        GateDefault(
            Trigger.CATALOGUE, Perm.APPROVE_CATALOGUE, 30, {"en": "Outside the catalogue", "fi": "Valikoiman ulkopuolinen"}
        ),
        GateDefault(Trigger.DISCOUNT, Perm.APPROVE_MARGIN, 40, {"en": "Deep discount", "fi": "Suuri alennus"}, by_rule=True),
        GateDefault(Trigger.PAYMENT_TERM, Perm.APPROVE_TERMS, 50, {"en": "Payment term", "fi": "Maksuehto"}, by_rule=True),
    )
    fields: Sequence[Field] = approval_case.FIELDS

    def lock(self, subject_id: int) -> Quote:
        return selectors.quote_for_update(subject_id)

    def read(self, subject_id: int) -> Quote:
        return Quote.objects.select_related("account").get(pk=subject_id)

    def fingerprint(self, subject: Quote) -> Fingerprint:
        return Fingerprint(subject.version, snapshots.hash_now(subject, selectors.frozen(subject)))

    def lines(self, subject_id: int, version: int) -> list[dict[str, Any]]:
        snapshot = QuoteSnapshot.objects.filter(quote=subject_id, version=version).first()
        return approval_facts.lines_of(snapshot.content) if snapshot else []

    def summary(self, subject_id: int) -> str:
        quote: Quote = _quotes_by_key.rows(subject_id)[0]
        return f"{quote}, {quote.account.name}"

    def url(self, subject_id: int) -> str:
        return reverse("quote_page", args=[subject_id])

    def difference_url(self, now: tuple[int, int], before: tuple[int, int]) -> str:
        query = urlencode({"as": now[1], "with": f"{before[0]}.{before[1]}"})
        return f"{reverse('quote_compare', args=[now[0]])}?{query}"

    def eligible(self, subject: Quote, candidates: Sequence[User]) -> Sequence[User]:
        return [user for user in candidates if user.is_in_charge_of(subject.account.unit_id)]

    def approved(self, subject: Quote, *, by: User | None) -> None:
        subject.approve()
        self._save(subject)
        events.record(subject, "approved", by=by)
        sending.go_out(subject)

    def rejected(self, subject: Quote, *, by: User, comment: str) -> None:
        subject.reject()
        subject.once_approved = None
        self._save(subject, "once_approved")
        events.record(subject, "rejected", by=by, reason=comment)

    def returned(self, subject: Quote, *, by: User, comment: str) -> None:
        subject.give_back()
        subject.once_approved = None
        self._save(subject, "once_approved")
        events.record(subject, "returned", by=by, reason=comment)

    def recalled(self, subject: Quote, *, by: User) -> None:
        subject.recall()
        subject.once_approved = None
        self._save(subject, "once_approved")
        events.record(subject, "recalled", by=by)

    @staticmethod
    def _save(quote: Quote, *fields: str) -> None:
        versions.bump(quote)
        quote.save(update_fields=["status", "version", *fields])
