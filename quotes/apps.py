"""Start of the quotes app: its mails, its subject of approval, its panel and the words of its timeline."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QuotesConfig(AppConfig):
    name = "quotes"
    verbose_name = _("Quotes")

    def ready(self) -> None:
        from approvals import registry
        from catalog import uses
        from core import events, panels
        from quotes import coverage, customer_emails, emails, product_uses  # noqa: F401  registers the outbox handlers
        from quotes.approval import QuoteApproval
        from quotes.filters import QuoteFilter
        from quotes.panels import quotes_of_account, quotes_of_opportunity, sent_quotes_of_loser
        from users import saved_views

        registry.register(QuoteApproval())
        saved_views.register("quote_list", ["view", *QuoteFilter.base_filters])
        panels.register(
            "account", "quotes", title=_("Quotes"), template="quotes/_panel.html", context=quotes_of_account, order=10
        )
        panels.register(
            "opportunity",
            "quotes",
            title=_("Quotes"),
            template="quotes/_opportunity_panel.html",
            context=quotes_of_opportunity,
            order=10,
        )
        panels.register("merge", "quotes", title=_("Quotes"), template="quotes/_merge.html", context=sent_quotes_of_loser)
        panels.register(
            "product clean-up",
            "coverage",
            title=_("What the catalogue covers"),
            template="quotes/_coverage.html",
            context=coverage.panel,
        )
        uses.register("quotes", label=_("Quotes"), since=product_uses.since, last=product_uses.last)
        events.describe(
            {
                "created": _("Created"),
                "submitted": _("Submitted"),
                "approved": _("Approved"),
                "rejected": _("Rejected"),
                "recalled": _("Recalled"),
                "returned": _("Asked back"),
                "sent": _("Sent"),
                "resent": _("Sent again"),
                "not sent": _("Could not go out by itself"),
                "opened": _("Opened by the customer"),
                "asked": _("Question of the customer"),
                "reminded": _("Reminded"),
                "mail refused": _("Mail refused"),
                "sending undone": _("Sending undone"),
                "accepted": _("Accepted"),
                "declined": _("Declined"),
                "expired": _("Expired"),
                "superseded": _("Superseded"),
                "brought back": _("Valid again, as the sending of the newer revision was undone"),
                "cancelled": _("Cancelled"),
                "repriced": _("Repriced"),
                "owner changed": _("Owner changed"),
                "prices kept": _("Prices kept"),
                "copied": _("Copied from another quote"),
                "statement of work asked for": _("Statement of work asked for"),
                "statement of work written": _("Statement of work written"),
                "lines copied": _("Lines taken from another quote"),
                "template inserted": _("Lines taken from a template"),
                "starter pack added": _("Starter pack added"),
                "starter pack declined": _("Starter pack declined"),
                "file added": _("File added"),
                "file for the customer": _("File goes to the customer"),
                "file kept in the house": _("File stays in the house"),
                "file removed": _("File removed"),
            }
        )
