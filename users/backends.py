"""Rights in the admin follow from roles too; nobody is given single permissions by hand."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import Model

from users.models import User


class RoleBackend(AuthenticationBackend):  # type: ignore[misc]
    """User name or e-mail with a password; permissions on models from the `admin_models` of the person's roles."""

    def has_perm(self, user_obj: Any, perm: str, obj: Model | None = None) -> bool:
        app_label, _, codename = perm.partition(".")
        model = f"{app_label}.{codename.rpartition('_')[2]}"
        return any(keeps == "*" or keeps == model for keeps in self._kept(user_obj))

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return any(keeps == "*" or keeps.startswith(f"{app_label}.") for keeps in self._kept(user_obj))

    def get_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        return set()

    @staticmethod
    def _kept(user: Any) -> set[str]:
        if not (isinstance(user, User) and user.is_active):
            return set()
        return {model for role in user.roles for model in role.admin_models}
