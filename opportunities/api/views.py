"""The endpoints of opportunities. The stage follows the quotes."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from core.api import versions
from core.api.lists import listed
from opportunities import selectors, services
from opportunities.api import inputs, outputs
from opportunities.api.filters import OpportunityApiFilter
from opportunities.api.outputs import OpportunityOut
from opportunities.models import Opportunity
from users.api.base import Endpoint
from users.api.schema import listing
from users.roles import Perm

_READ, _WRITE = frozenset({Perm.OPPORTUNITY_VIEW}), frozenset({Perm.ACCOUNT_EDIT})


class OpportunityEndpoint(Endpoint):
    """Deals in the making."""

    access = {"list": _READ, "retrieve": _READ, "create": _WRITE, "partial_update": _WRITE}
    queryset = Opportunity.objects.none()
    filterset_class = OpportunityApiFilter
    orderings = {"-id": ("-pk",), "id": ("pk",), "name": ("name", "pk"), "-name": ("-name", "-pk")}
    versioned = ("partial_update",)

    @extend_schema(responses=listing(OpportunityOut))
    def list(self, request: Request) -> Response:
        """Opportunities of the accounts in sight. `q` searches their names and those of the accounts."""
        rows = self.filter_queryset(selectors.opportunities_for(self.user))
        return Response(listed(rows, request, orderings=self.orderings, output=outputs.opportunity_out))

    @extend_schema(responses=OpportunityOut)
    def retrieve(self, request: Request, pk: int) -> Response:
        """One opportunity."""
        return self._whole(pk)

    @extend_schema(request=inputs.NewOpportunity, responses={201: OpportunityOut})
    def create(self, request: Request) -> Response:
        """A new opportunity of an account."""
        given = self.read(inputs.NewOpportunity)
        opportunity = services.opportunity_create(account_id=given.pop("account"), by=self.user, **given)
        return self._whole(opportunity.pk, 201)

    @extend_schema(request=inputs.OpportunityChange, responses=OpportunityOut)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change name, value or expected close."""
        selectors.opportunity_for(self.user, pk)
        changes = self.read(inputs.OpportunityChange)
        services.opportunity_change(opportunity_id=pk, by=self.user, version=versions.wanted(request), changes=changes)
        return self._whole(pk)

    def _whole(self, pk: int, status: int = 200) -> Response:
        opportunity = selectors.opportunity_for(self.user, pk)
        headers = versions.etag(opportunity.version)
        if status == 201:
            headers["Location"] = reverse("api:opportunity-detail", [pk], request=self.request)
        return Response(outputs.opportunity_out(opportunity), status, headers=headers)
