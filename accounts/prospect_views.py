"""Pages of prospects: a new one, what is proposed for linking, merging and taking that back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import merge_selectors, merging, policies, prospect_selectors as selectors, prospects
from accounts.forms import ProspectForm
from accounts.models import AccountMerge, LinkProposal
from core.errors import Invalid, NotAllowed, NotFound, StaleVersion, WrongState, require
from core.forms import whole
from core.paging import keyset
from core.panels import panels_for
from users.access import requires, user_of
from users.models import User
from users.roles import Perm

MATCHES = "matches"
"""The part of the page that changes while somebody types, and its id."""
_IDENTITY = ("name", "business_id", "vat_number")


@requires(Perm.ACCOUNT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def account_new(request: HttpRequest) -> HttpResponse:
    """A new prospect. A GET with values shows the accounts that match them; to htmx these alone."""
    user = user_of(request)
    if request.method != "POST":
        typed = {name: request.GET.get(name, "").replace("\x00", "")[:200] for name in prospects.FIELDS}
        initial = {"country": "FI", **{name: text for name, text in typed.items() if text}}
        return _new(request, user, ProspectForm(initial=initial), typed)
    form = ProspectForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            made = prospects.prospect_create(by=user, values=data, is_other=data["is_other"])
        except Invalid as refusal:
            form.blame(refusal)
        else:
            messages.success(request, _("The prospect has been made."))
            return redirect("account_page", made.pk)
    return _new(request, user, form, {name: form.data.get(name, "") for name in _IDENTITY}, status=422)


def _new(request: HttpRequest, user: User, form: ProspectForm, typed: dict[str, str], status: int = 200) -> HttpResponse:
    is_typing = bool(getattr(request, "htmx", None)) and request.htmx.target == MATCHES  # type: ignore[attr-defined]
    found = selectors.duplicates(user, **{name: typed[name] for name in _IDENTITY}, is_typing=is_typing)
    part = f"#{MATCHES}" if is_typing else ""
    response = render(request, f"accounts/new.html{part}", {"form": form, "duplicates": found}, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


# --- Proposals --------------------------------------------------------------------------------------------------------
@requires(Perm.ACCOUNT_VIEW)
@require_safe
def proposal_list(request: HttpRequest) -> HttpResponse:
    """What waits for an answer; with `?declined=` the way back from a "no" just given."""
    user = user_of(request)
    page = keyset(selectors.open_proposals(user), request, order=("-pk",))
    context = {"page": page, "proposals": selectors.shown(user, page.rows), "declined": _declined(request, user)}
    return render(request, "accounts/proposals.html", context)


def _declined(request: HttpRequest, user: User) -> LinkProposal | None:
    key = whole(request.GET.get("declined", ""))
    if key is None:
        return None
    try:
        proposal = selectors.proposal_for(user, key)
    except NotFound:
        return None
    declined = proposal.status == LinkProposal.Status.DECLINED and policies.may_edit(user, proposal.prospect)
    return proposal if declined else None


@requires(Perm.ACCOUNT_EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def proposal_merge(request: HttpRequest, pk: int) -> HttpResponse:
    """What a merge would do, both sides beside each other; a POST does it."""
    user = user_of(request)
    proposal = selectors.proposal_for(user, pk)
    require(policies.may_edit(user, proposal.prospect))
    if not selectors.in_sight(user, [proposal.account_id]):
        raise NotAllowed(_("The account is one of another team. Its owner's manager or a data steward can merge the two."))
    if request.method == "POST":
        merge = _merge(request, user, proposal)
        messages.success(request, _("%(name)s is now part of this account.") % {"name": merge.loser.name})
        return redirect("account_page", merge.survivor_id)
    if proposal.status != LinkProposal.Status.OPEN or proposal.prospect.merged_into_id is not None:
        return redirect("account_page", proposal.prospect_id)
    survivor, loser = proposal.account, proposal.prospect
    context = {
        "proposal": proposal,
        "survivor": survivor,
        "loser": loser,
        "preview": merge_selectors.preview(survivor, loser),
        "panels": panels_for("merge", loser, user),
    }
    return render(request, "accounts/merge.html", context)


def _merge(request: HttpRequest, user: User, proposal: LinkProposal) -> AccountMerge:
    """Raises: what `account_merge` does; StaleVersion where the page named no versions."""
    seen = {name: whole(request.POST.get(name, "")) for name in ("survivor_version", "loser_version")}
    if None in seen.values():
        raise StaleVersion
    if proposal.status == LinkProposal.Status.DECLINED:
        raise WrongState(_("This proposal has been answered already."))
    return merging.account_merge(survivor_id=proposal.account_id, loser_id=proposal.prospect_id, by=user, **seen)


@requires(Perm.ACCOUNT_EDIT)
@require_POST
def proposal_decline(request: HttpRequest, pk: int) -> HttpResponse:
    proposal = prospects.proposal_decline(proposal_id=pk, by=user_of(request))
    response = redirect("proposal_list")
    response["Location"] += f"?declined={proposal.pk}"
    return response


@requires(Perm.ACCOUNT_EDIT)
@require_POST
def proposal_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    prospects.proposal_reopen(proposal_id=pk, by=user_of(request))
    return redirect("proposal_list")


@requires(Perm.ACCOUNT_EDIT)
@require_POST
def merge_undo(request: HttpRequest, pk: int, merge_pk: int) -> HttpResponse:
    """The prospect is an account of its own again."""
    user = user_of(request)
    if merge_selectors.merge_for(user, merge_pk).survivor_id != pk:
        raise NotFound
    merge = merging.account_merge_undo(merge_id=merge_pk, by=user)
    messages.success(request, _("The merge has been undone."))
    return redirect("account_page", merge.loser_id)
