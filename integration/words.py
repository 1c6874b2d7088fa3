"""What people read about runs: kinds, phases, counts, guards, and what to do about a row of each rule."""

from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.languages import active
from core.models import JobRun
from core.templatetags.ui import quantity
from integration.choices import Rule
from integration.models import CUSTOMER_SYNC, PRODUCT_IMPORT

Text = str | Promise

KINDS: dict[str, Text] = {CUSTOMER_SYNC: _("Customer master"), PRODUCT_IMPORT: _("Products")}
COUNTS: dict[str, Text] = {
    "rows_read": _("Rows read"),
    "rows_applied": _("Rows applied"),
    "rows_unchanged": _("Rows unchanged"),
    "rows_ignored": _("Rows ignored"),
    "rows_quarantined": _("Rows quarantined"),
    "parents_seen": _("Parents in the file"),
    "accounts_created": _("Accounts created"),
    "accounts_updated": _("Accounts updated"),
    "accounts_unchanged": _("Accounts unchanged"),
    "accounts_deactivated": _("Accounts made inactive"),
    "accounts_reactivated": _("Accounts made active again"),
    "sites_created": _("Sites created"),
    "sites_updated": _("Sites updated"),
    "sites_moved": _("Sites moved"),
    "conflicts": _("Open conflicts"),
    "products_created": _("Products created"),
    "products_updated": _("Products updated"),
    "products_unchanged": _("Products unchanged"),
    "prices_created": _("Prices created"),
    "prices_updated": _("Prices updated"),
}
MORE_COUNTS: dict[str, Text] = {
    "sites_missing": _("Sites missing, not yet inactive"),
    "sites_ended": _("Sites made inactive"),
}
"""Shown where there are any."""
STATUS_COLOURS = {
    JobRun.Status.APPLIED: "green",
    JobRun.Status.UNCHANGED: "secondary",
    JobRun.Status.DRY_RUN: "azure",
    JobRun.Status.RUNNING: "blue",
    JobRun.Status.FAILED: "red",
    JobRun.Status.CANCELLED: "secondary",
    JobRun.Status.REJECTED: "secondary",
}
PHASES: dict[str, Text] = {
    "waiting": _("Waiting for a worker"),
    "claimed": _("Starting"),
    "fetch": _("Reading the source"),
    "validate": _("Checking rows"),
    "aggregate": _("Working out the parents"),
    "diff": _("Comparing with what is there"),
    "apply": _("Applying"),
}
NOTHING_USABLE = _("Not one row could be used.")
GUARDS: dict[str, Text] = {
    "deactivated": _("Accounts that would become inactive: %(number)s of %(of)s, %(allowed)s at most."),
    "moved": _("Sites that would move to another parent: %(number)s of %(of)s, %(allowed)s at most."),
    "renamed": _("Accounts with another name or category: %(number)s of %(of)s, %(allowed)s at most."),
    "rows_less": _("Rows fewer than last time: %(number)s of %(of)s, %(allowed)s at most."),
    "prices": _("Products whose list price would change by more than half: %(number)s of %(of)s, %(allowed)s at most."),
}
ASKS: dict[str, Text] = {
    "older": _("This very file was applied before, and another one since."),
    "shape": _("The file has other columns than the ones before."),
    "many": _("It would change many accounts."),
    "deactivated": _("Accounts would become inactive."),
}
"""Why an upload asks first, as the run notes it."""


def phase(code: str) -> str:
    """A phase in words; one without any is called by its code."""
    return str(PHASES.get(code, code))


def guard_sentences(run: JobRun) -> list[str]:
    """Why the run was stopped, one sentence per guard."""
    return [_guard(found) for found in run.counts.get("guards", [])]


def _guard(found: dict[str, Any]) -> str:
    code = str(found.get("guard", ""))
    facts = {name: _shown(found.get(name)) for name in ("number", "of", "allowed")}
    return str(GUARDS[code]) % facts if code in GUARDS else code


def _shown(number: Any) -> str:
    return quantity(str(number)) or "–"


def would_change(run: JobRun) -> bool:
    """Whether a run that waits found anything to change."""
    counts = run.counts
    return "rows_read" not in counts or bool(counts.get("guards")) or any(counts.get(name) for name in _CHANGES)


_CHANGES = (
    "rows_applied", "accounts_created", "accounts_updated", "accounts_deactivated", "accounts_reactivated", "sites_ended",
    "sites_missing", "prices_created", "prices_updated", "products_created", "products_updated",
)  # fmt: skip


def error_of(run: JobRun) -> str:
    """Why it ended, in the language of the reader where it was kept in all of them."""
    return str(run.counts.get("error", {}).get(active(), run.error)) if run.error else ""


def why_nothing(run: JobRun) -> str:
    """Why there was nothing to do, where a run before it was the same."""
    same = run.counts.get("same_file_as")
    if run.status != JobRun.Status.UNCHANGED or not same:
        return ""
    if "snapshot" in run.counts:
        return str(_("Nothing to do: it is the snapshot of run %(run)s.") % {"run": same})
    return str(_("Nothing to do: it is the very file of run %(run)s.") % {"run": same})


def ask_sentences(run: JobRun) -> list[str]:
    """Why a dry run came before the real one, where nobody had asked for it."""
    return [str(ASKS[code]) for code in run.counts.get("asks", []) if code in ASKS]


# --- Rows -------------------------------------------------------------------------------------------------------------
class Advice(NamedTuple):
    """What helps with rows of a rule: a sentence, and the action that comes first (`fix`, `map`, `ignore`, `retry`)."""

    text: Text
    action: str


ADVICE: dict[str, Advice] = {
    Rule.CUT_OFF: Advice(_("Have the whole file sent again; if the row is whole as it stands, try it again."), "retry"),
    Rule.CELL_COUNT: Advice(_("Look where cells have slipped, and put them right."), "fix"),
    Rule.CONTROL_CHARACTER: Advice(_("Type the cell anew, without invisible characters."), "fix"),
    Rule.REQUIRED: Advice(_("Fill in what is missing."), "fix"),
    Rule.TOO_LONG: Advice(_("Shorten the cell."), "fix"),
    Rule.NOT_A_NUMBER: Advice(_("Type the number in digits, with one decimal mark."), "fix"),
    Rule.TOO_MANY_DECIMALS: Advice(_("Round the number."), "fix"),
    Rule.TOO_LARGE: Advice(_("Look for a digit too many, or a unit that was taken for another."), "fix"),
    Rule.NEGATIVE: Advice(_("Give a number of zero or more."), "fix"),
    Rule.NOT_A_DATE: Advice(_("Type the date as 2026-11-20 or 20.11.2026."), "fix"),
    Rule.DATES_OUT_OF_ORDER: Advice(_("Let the end come after the beginning."), "fix"),
    Rule.NOT_A_FLAG: Advice(_("Say yes or no."), "fix"),
    Rule.NOT_A_COUNTRY: Advice(_("Give the country by its two letters, FI for Finland."), "fix"),
    Rule.NOT_A_BUSINESS_ID: Advice(_("Look the business ID up, or leave the cell empty."), "fix"),
    Rule.DUPLICATE: Advice(_("Decide which of the rows is right, and put that one right here."), "fix"),
    Rule.TWO_PARENTS: Advice(_("Say which of the parents it belongs to."), "map"),
    Rule.CYCLE: Advice(_("Say which parent it belongs to, so that the circle is broken."), "map"),
    Rule.TOTAL_TOO_LARGE: Advice(
        _("One row of the parent has too large an amount: put it right, then try these again."), "retry"
    ),
    Rule.REUSED_ID: Advice(
        _("Ask the source whether it is the same company under a new name; else leave the row out."), "ignore"
    ),
}


def advice(code: str) -> Advice:
    """What helps with a row of this rule."""
    return ADVICE.get(code, Advice(_("Put the row right, or try it again."), "fix"))
