"""The admin site: signing in is that of the product, rights follow from roles."""

from typing import Any

from allauth.account import views as account
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from core import redirects
from users.access import public
from users.models import User
from users.roles import Perm


class CrmAdminSite(admin.AdminSite):
    site_header = site_title = _("Administration")
    index_title = _("Look-ups and users")
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return isinstance(user, User) and user.is_active and user.may(Perm.ADMIN)

    @public
    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        return redirect_to_login(redirects.own(request.GET.get("next"), "/admin/"))

    def logout(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> Any:
        return account.logout(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> Any:
        return redirect("account_change_password")
