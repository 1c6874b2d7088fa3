"""Approvals of quotes with a line below its floor price: those that wait, and those that were given."""

import datetime as dt
from collections.abc import Callable, Sequence

from django.db.models import OuterRef, Subquery

from approvals import routing
from approvals.choices import RequestStatus, RunStatus, Verdict, Via
from approvals.models import Decision, Request, Run, RunGate
from core.db import bulk
from core.languages import texts_of
from crm.demo_large.orders import Made
from quotes import approval_facts
from quotes.choices import QuoteStatus as S, Trigger
from quotes.triggers import Breach
from users.models import User
from users.roles import Perm


class Desk:
    """Where the floor price is looked after: the gate, and the person who is asked."""

    def __init__(self) -> None:
        gate = routing.gate_for(Trigger.FLOOR)
        approver = User.objects.holding(Perm.APPROVE_FLOOR).filter(sees_all_units=True).order_by("pk").first()
        if gate is None or approver is None:
            raise LookupError("the small demo has a gate for the floor price and somebody for it")
        self.gate, self.approver = gate, approver

    def ask(self, quotes: Sequence[Made], breaches: Callable[[Made], list[Breach]]) -> None:
        """A run with one request for each of these quotes, both open."""
        runs, requests = bulk.new_keys(Run, len(quotes)), bulk.new_keys(Request, len(quotes))
        asked = list(zip(quotes, runs, requests, strict=True))
        bulk.copy_rows(
            Run,
            (
                "id", "subject_type", "subject_id", "subject_version", "content_hash", "requested_by_id", "last_editor_id",
                "reason", "started_at", "amount",
            ),
            (
                (
                    run, "quote", one.quote.pk, 2, one.commercial_hash, one.by.pk, one.by.pk, "", one.order.at(S.IN_REVIEW),
                    one.priced.totals.net_total,
                )
                for one, run, _request in asked
            ),
        )  # fmt: skip
        bulk.copy_rows(
            Request,
            ("id", "run_id", "approver_id", "position", "is_open", "summary", "asked_at", "due_at"),
            (
                (
                    request, run, self.approver.pk, self.gate.position, True,
                    approval_facts.facts_of(one.quote, one.content, one.priced, breaches(one)),
                    one.order.at(S.IN_REVIEW), one.order.at(S.IN_REVIEW) + dt.timedelta(hours=self.gate.sla_hours),
                )
                for one, run, request in asked
            ),
        )  # fmt: skip
        copy = {
            "code": self.gate.code, "label": texts_of(self.gate, "label"),
            "permission": self.gate.permission, "position": self.gate.position, "sla_hours": self.gate.sla_hours,
            "clock": "calendar", "defined": True,
        }  # fmt: skip
        bulk.copy_rows(
            RunGate,
            ("run_id", "request_id", "gate", "permission", "position", "definition"),
            ((run, request, self.gate.code, self.gate.permission, self.gate.position, copy) for _one, run, request in asked),
        )

    def decide(self, quotes: Sequence[Made]) -> None:
        """Yes to these quotes, which were asked for."""
        by_quote = {one.quote.pk: one for one in quotes}
        columns = ("pk", "run_id", "run__subject_id")
        waiting = Request.objects.filter(
            run__subject_type="quote", run__subject_id__in=list(by_quote), status=RequestStatus.PENDING
        )
        rows = [(request, run, by_quote[quote]) for request, run, quote in waiting.values_list(*columns)]
        bulk.copy_rows(
            Decision,
            (
                "request_id", "verdict", "comment", "decided_by_id", "requested_by_id", "last_editor_id", "subject_version",
                "content_hash", "via", "at",
            ),
            (
                (
                    request, Verdict.APPROVE.value, "", self.approver.pk, one.by.pk, one.by.pk, 2, one.commercial_hash,
                    Via.PAGE.value, one.order.at(S.APPROVED),
                )
                for request, _run, one in rows
            ),
        )  # fmt: skip
        Request.objects.filter(pk__in=[request for request, _run, _one in rows]).update(
            status=RequestStatus.APPROVED, is_open=False
        )
        decided = Decision.objects.filter(request__run=OuterRef("pk")).values("at")[:1]
        Run.objects.filter(pk__in=[run for _request, run, _one in rows]).update(
            status=RunStatus.APPROVED, finished_at=Subquery(decided)
        )
