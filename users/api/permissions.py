"""Who may call an endpoint."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from users import access
from users.models import ApiToken


class Declared(BasePermission):
    """Whoever the endpoint declares for this action, and a token that may write where something is written."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if (
            isinstance(request.auth, ApiToken)
            and request.auth.scope == ApiToken.Scope.READ
            and request.method not in SAFE_METHODS
        ):
            return False
        return access.may_enter(request.user, view.declared_access())
