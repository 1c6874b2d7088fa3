"""Rights in the admin follow from roles too; nobody is given single permissions by hand."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import Model
from django.http import HttpRequest

from users import selectors
from users.models import User


class RoleBackend(AuthenticationBackend):  # type: ignore[misc]
    """User name or e-mail with a password; permissions on models from the `admin_models` of the person's roles."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        """The active user with this name or address and password.

        One look-up and one hash in every case, so that nobody can tell a wrong name, a wrong password and a closed account
        from each other by the clock either.
        """
        login, password = credentials.get("username") or credentials.get("email"), credentials.get("password")
        if not login or not password:
            return None
        user = selectors.user_named(login)
        if user is None:
            User().set_password(password)
            return None
        return user if user.check_password(password) and self.user_can_authenticate(user) else None

    def get_user(self, user_id: int) -> User | None:
        user = selectors.user_with_roles(user_id)
        return user if user is not None and self.user_can_authenticate(user) else None

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
