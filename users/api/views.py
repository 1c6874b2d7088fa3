"""The endpoints of absences."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from core.api.lists import listed
from core.errors import Invalid
from users import access, selectors, services
from users.api import inputs, outputs
from users.api.base import Endpoint
from users.api.filters import AbsenceFilter
from users.api.outputs import AbsenceOut
from users.api.schema import listing
from users.models import Absence, User


class AbsenceEndpoint(Endpoint):
    """When people are away, and who stands in: one's own absences. Stewards see and set everybody's."""

    access = dict.fromkeys(("list", "retrieve", "create", "end"), access.SIGNED_IN)
    queryset = Absence.objects.none()
    filterset_class = AbsenceFilter
    orderings = {"-id": ("-pk",), "id": ("pk",), "starts_on": ("starts_on", "pk"), "-starts_on": ("-starts_on", "-pk")}

    @extend_schema(responses=listing(AbsenceOut))
    def list(self, request: Request) -> Response:
        """Absences in sight, past ones too, those set last first."""
        rows = self.filter_queryset(Absence.objects.visible_to(self.user).select_related("user", "substitute"))
        return Response(listed(rows, request, orderings=self.orderings, output=outputs.absence_out))

    @extend_schema(responses=AbsenceOut)
    def retrieve(self, request: Request, pk: int) -> Response:
        """One absence."""
        return Response(outputs.absence_out(selectors.absence_for(self.user, pk)))

    @extend_schema(request=inputs.NewAbsence, responses={201: AbsenceOut})
    def create(self, request: Request) -> Response:
        """Set an absence. Days that are over or taken, and a substitute who leads back to the person, are refused."""
        given = self.read(inputs.NewAbsence)
        absence = services.absence_add(
            user=self._named("user", given.get("user")) or self.user,
            starts_on=given["starts_on"],
            ends_on=given["ends_on"],
            substitute=self._named("substitute", given.get("substitute")),
            by=self.user,
        )
        location = reverse("api:absence-detail", [absence.pk], request=request)
        return Response(outputs.absence_out(absence), 201, headers={"Location": location})

    @extend_schema(request=inputs.Ending, responses={204: None})
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: int) -> Response:
        """Be there from today on. An absence that began before today ends yesterday, any other is removed."""
        absence = selectors.absence_for(self.user, pk)
        self.read(inputs.Ending)
        services.absence_end(absence=absence, by=self.user)
        return Response(status=204)

    def _named(self, field: str, key: int | None) -> User | None:
        """The person whom the body names. Raises: Invalid."""
        person: User | None = User.objects.visible_to(self.user).filter(pk=key).first() if key else None
        if key and person is None:
            raise Invalid(fields={field: _("There is nobody of this id.")})
        return person
