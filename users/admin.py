"""Users, teams and business units; roles are given here, and nothing finer."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.admin import LookUpAdmin, ReadOnlyAdmin
from users import tokens
from users.access import user_of
from users.models import ApiToken, BusinessUnit, RoleAssignment, Team, User

admin.site.unregister(Group)


class UserCreationForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta(AdminUserCreationForm.Meta):
        model = User
        fields = ("username", "email", "display_name")


class RoleInline(admin.TabularInline):  # type: ignore[type-arg]
    model = RoleAssignment
    extra = 1


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    add_form = UserCreationForm
    inlines = (RoleInline,)
    list_display = ("username", "display_name", "email", "team", "salesperson_id", "is_active")
    list_filter = ("is_active", "role_assignments__role", "team")
    list_select_related = ("team",)
    search_fields = ("username", "display_name", "email", "salesperson_id")
    ordering = ("display_name",)
    autocomplete_fields = ("team",)
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password", "is_active")}),
        (_("Person"), {"fields": ("display_name", "email", "language", "theme")}),
        (_("Organisation"), {"fields": ("team", "sees_all_units", "salesperson_id")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "email", "display_name", "usable_password", "password1", "password2")}),)


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "unit", "manager")
    list_select_related = ("unit", "manager")
    search_fields = ("name",)
    autocomplete_fields = ("manager",)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Whose programs may come in; made on the profile page, ended there or here."""

    list_display = ("name", "user", "scope", "hint", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_filter = ("scope",)
    list_select_related = ("user",)
    search_fields = ("name", "hint", "user__username", "user__display_name")
    exclude = ("token_hash",)
    actions = ("revoke",)

    @admin.action(description=_("Revoke"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        for token in queryset:
            tokens.token_revoke(by=user_of(request), token_id=token.pk)


admin.site.register(BusinessUnit, LookUpAdmin)
