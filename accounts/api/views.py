"""The endpoints of accounts: each calls the service that the page calls."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts import merge_selectors, selectors, services
from accounts.api import inputs, outputs
from accounts.api.filters import AccountApiFilter
from accounts.api.outputs import AccountOut, AccountRowOut, AdviceOut, ContactOut, LookUpOut, PaymentTermOut, SiteOut
from accounts.models import Account, Contact, PaymentTerm
from core.api import versions
from core.api.lists import listed, unpaged
from core.errors import NotFound, WrongState
from users.api.base import Endpoint
from users.api.schema import listing
from users.roles import Perm

_READ, _WRITE = frozenset({Perm.ACCOUNT_VIEW}), frozenset({Perm.ACCOUNT_EDIT})
_READS = ("list", "retrieve", "sites", "contacts", "contact", "payment_term_advice")
_WRITES = ("partial_update", "override", "lift_override", "contact_add", "contact_change", "contact_remove")


class AccountEndpoint(Endpoint):
    """Parent accounts as the customer master and people have filled them, with their sites and contacts."""

    access = {**dict.fromkeys(_READS, _READ), **dict.fromkeys(_WRITES, _WRITE)}
    queryset = Account.objects.none()
    filterset_class = AccountApiFilter
    orderings = {"name": ("name", "pk"), "-name": ("-name", "-pk"), "id": ("pk",), "-id": ("-pk",)}
    paged = ("list", "sites", "contacts")
    parameters = {"payment_term_advice": ("amount",)}
    versioned = ("partial_update", "override", "lift_override")

    def handle_exception(self, exc: Exception) -> Response:
        """What was merged leads to what it became: reading follows by a redirect, writing is told where to go."""
        if isinstance(exc, NotFound) and "pk" in self.kwargs:
            survivor = merge_selectors.survivor_of(self.user, self.kwargs["pk"])
            if survivor is not None:
                return self._merged(survivor)
        return super().handle_exception(exc)

    def _merged(self, survivor: Account) -> Response:
        if self.request.method not in SAFE_METHODS:
            words = {"name": survivor.name, "id": survivor.pk}
            return super().handle_exception(WrongState(_("This account has been merged into %(name)s (id %(id)s).") % words))
        match: Any = self.request.resolver_match
        there = reverse(match.view_name, kwargs={**match.kwargs, "pk": survivor.pk}, request=self.request)
        return Response(status=307, headers={"Location": there})

    # --- Reading ------------------------------------------------------------------------------------------------------
    @extend_schema(responses=listing(AccountRowOut))
    def list(self, request: Request) -> Response:
        """Accounts in sight of the person. `q` searches name, customer number and business ID."""
        rows = self.filter_queryset(selectors.account_list_for(self.user).select_related("unit"))
        return Response(listed(rows, request, orderings=self.orderings, output=outputs.row_out))

    @extend_schema(responses=AccountOut)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Every field, and for those that the master feeds where the value comes from."""
        return self._whole(selectors.account_for(self.user, pk))

    @extend_schema(responses=listing(SiteOut))
    @action(detail=True)
    def sites(self, request: Request, pk: int) -> Response:
        """The child customers, by their number."""
        rows = selectors.account_for(self.user, pk).sites.all()
        return Response(listed(rows, request, orderings={"child_id": ("child_id",)}, output=outputs.site_out))

    @extend_schema(parameters=[inputs.AdviceQuery], responses=AdviceOut)
    @action(detail=True, url_path="payment-term-advice")
    def payment_term_advice(self, request: Request, pk: int) -> Response:
        """The payment term that the rules recommend for a deal."""
        account = selectors.account_for(self.user, pk)
        amount = self.read_query(inputs.AdviceQuery).get("amount")
        return Response(outputs.advice_out(selectors.payment_term_advice(account, amount)))

    # --- Changing -----------------------------------------------------------------------------------------------------
    @extend_schema(request=inputs.AccountChange, responses=AccountOut)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change fields that are filled by hand."""
        changes = inputs.changes_of(selectors.account_for(self.user, pk), self.read(inputs.AccountChange))
        services.account_update(account_id=pk, by=self.user, version=versions.wanted(request), changes=changes)
        return self._whole(selectors.account_for(self.user, pk))

    @extend_schema(request=inputs.Override, responses=AccountOut)
    @action(detail=True, methods=["post"])
    def override(self, request: Request, pk: int) -> Response:
        """Set a field that the master feeds; it holds through every sync until the override is lifted.

        The answer is the last that is seen of an account that goes out of sight with its owner.
        """
        account = selectors.account_for(self.user, pk)
        given = self.read(inputs.Override)
        value = inputs.record_of(account, given["field"], given["value"], blame="value")
        changed = services.account_override(
            account_id=pk,
            by=self.user,
            version=versions.wanted(request),
            field=given["field"],
            value=value,
            reason=given["reason"],
        )
        return self._whole(changed)

    @extend_schema(request=inputs.Lifting, responses=AccountOut)
    @action(detail=True, methods=["post"], url_path="lift-override")
    def lift_override(self, request: Request, pk: int) -> Response:
        """Let the master rule again; its value is back."""
        selectors.account_for(self.user, pk)
        field = self.read(inputs.Lifting)["field"]
        changed = services.account_lift_override(account_id=pk, by=self.user, version=versions.wanted(request), field=field)
        return self._whole(changed)

    # --- Contacts -----------------------------------------------------------------------------------------------------
    @extend_schema(responses=listing(ContactOut))
    @action(detail=True)
    def contacts(self, request: Request, pk: int) -> Response:
        """The people at the customer, by name."""
        rows = selectors.account_for(self.user, pk).contacts.all()
        return Response(listed(rows, request, orderings={"name": ("name", "pk")}, output=outputs.contact_out))

    @extend_schema(request=inputs.NewContact, responses={201: ContactOut})
    @contacts.mapping.post
    def contact_add(self, request: Request, pk: int) -> Response:
        """Add a person. The default recipient is the last one named so."""
        selectors.account_for(self.user, pk)
        contact = services.contact_save(account_id=pk, contact_id=None, by=self.user, values=self.read(inputs.NewContact))
        location = reverse("api:account-contact", [pk, contact.pk], request=request)
        return Response(outputs.contact_out(contact), 201, headers={"Location": location})

    @extend_schema(responses=ContactOut)
    @action(detail=True, url_path="contacts/<int:contact_id>")
    def contact(self, request: Request, pk: int, contact_id: int) -> Response:
        """One person."""
        return Response(outputs.contact_out(self._contact(pk, contact_id)))

    @extend_schema(request=inputs.ContactChange, responses=ContactOut)
    @contact.mapping.patch
    def contact_change(self, request: Request, pk: int, contact_id: int) -> Response:
        """Change what is named; the rest stays."""
        self._contact(pk, contact_id)
        values = self.read(inputs.ContactChange)
        return Response(
            outputs.contact_out(services.contact_save(account_id=pk, contact_id=contact_id, by=self.user, values=values))
        )

    @extend_schema(request=None, responses={204: None})
    @contact.mapping.delete
    def contact_remove(self, request: Request, pk: int, contact_id: int) -> Response:
        """Remove the person; quotes that were sent keep the name."""
        self._contact(pk, contact_id)
        services.contact_delete(account_id=pk, contact_id=contact_id, by=self.user)
        return Response(status=204)

    def _contact(self, pk: int, contact_id: int) -> Contact:
        contact = Contact.objects.visible_to(self.user).filter(account=pk, pk=contact_id).first()
        if contact is None:
            raise NotFound
        return contact

    def _whole(self, account: Account) -> Response:
        return Response(outputs.account_out(account), headers=versions.etag(account.version))


class LookUpEndpoint(Endpoint):
    """What can be chosen for a field of an account."""

    access = {"list": _READ}
    queryset = Account.objects.none()
    paged = ()

    @extend_schema(
        parameters=[OpenApiParameter("field", enum=outputs.LOOK_UPS, location=OpenApiParameter.PATH)],
        responses=listing(LookUpOut),
    )
    def list(self, request: Request, field: str) -> Response:
        """The values in use, in their order, at once."""
        if field not in outputs.LOOK_UPS:
            raise NotFound
        values = selectors.look_up(field)
        return Response(unpaged([outputs.look_up_out(value) for value in values]))


class PaymentTermEndpoint(Endpoint):
    """Payment terms in use."""

    access = {"list": _READ}
    queryset = PaymentTerm.objects.none()
    paged = ()

    @extend_schema(responses=listing(PaymentTermOut))
    def list(self, request: Request) -> Response:
        """All of them, in their order, at once."""
        return Response(unpaged([outputs.payment_term_out(term) for term in PaymentTerm.objects.filter(is_active=True)]))
