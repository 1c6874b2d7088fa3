"""Users, teams and business units; roles are given here, and nothing finer."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _, ngettext

from core.admin import LookUpAdmin, ReadOnlyAdmin
from core.errors import Invalid
from users import second_factor, services, tokens
from users.access import user_of
from users.models import Absence, ApiToken, BusinessUnit, RoleAssignment, Team, User

admin.site.unregister(Group)


class UserCreationForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta(AdminUserCreationForm.Meta):
        model = User
        fields = ("username", "email", "display_name")


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit)
        services.account_change_told(user=user, change="password_set")
        return user


class RoleInline(admin.TabularInline):  # type: ignore[type-arg]
    model = RoleAssignment
    extra = 1


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    add_form = UserCreationForm
    change_password_form = PasswordForm
    inlines = (RoleInline,)
    list_display = ("username", "display_name", "email", "team", "salesperson_id", "is_active")
    list_filter = ("is_active", "role_assignments__role", "team")
    list_select_related = ("team",)
    search_fields = ("username", "display_name", "email", "salesperson_id")
    ordering = ("display_name",)
    autocomplete_fields = ("team",)
    readonly_fields = ("last_login", "date_joined", "has_second_factor")
    actions = ("remove_second_factor",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password", "has_second_factor", "is_active")}),
        (_("Person"), {"fields": ("display_name", "email", "language", "theme", "approval_mail")}),
        (_("Organisation"), {"fields": ("team", "sees_all_units", "salesperson_id")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "email", "display_name", "usable_password", "password1", "password2")}),)

    @admin.display(description=_("Second step"), boolean=True)
    def has_second_factor(self, user: User) -> bool:
        return second_factor.is_on(user)

    @admin.action(description=_("Remove the second step (phone lost)"), permissions=["change"])
    def remove_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        removed = sum(services.second_factor_remove(user=user, by=user_of(request)) for user in queryset)
        text = ngettext("Removed for %(count)d user.", "Removed for %(count)d users.", removed) % {"count": removed}
        self.message_user(request, text, messages.SUCCESS)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Of a user who is there only what the form shows is written; leaving goes through its service."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        fields = [name for name in form.changed_data if name in form.cleaned_data and name not in ("password", "is_active")]
        obj.save(update_fields=fields)
        if "is_active" in form.changed_data:
            self._set_active(obj, by=user_of(request))

    @staticmethod
    def _set_active(user: User, by: User) -> None:
        if user.is_active:
            user.save(update_fields=["is_active"])
        else:
            services.user_deactivate(user=user, by=by)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Roles are set by their service; the formset still says what changed, for the log."""
        if formset.model is not RoleAssignment:
            super().save_formset(request, form, formset, change)
            return
        formset.save(commit=False)
        kept = [row for row in formset.forms if row.cleaned_data and row not in formset.deleted_forms]
        services.roles_set(user=form.instance, roles=[row.cleaned_data["role"] for row in kept], by=user_of(request))


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


class AbsenceForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                services.absence_require(**data)
            except Invalid as refusal:
                for name, text in refusal.fields.items():
                    self.add_error(name, str(text))
        return data


@admin.register(Absence)
class AbsenceAdmin(ReadOnlyAdmin):
    """Set and ended, both by the services; people do so for themselves on their profile page."""

    form = AbsenceForm
    fields = ("user", "starts_on", "ends_on", "substitute")
    list_display = ("user", "starts_on", "ends_on", "substitute", "created_by")
    list_filter = ("user__team",)
    list_select_related = ("user", "substitute", "created_by")
    search_fields = ("user__username", "user__display_name")
    ordering = ("-ends_on", "-id")
    autocomplete_fields = ("user", "substitute")
    actions = ("end",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def save_model(self, request: HttpRequest, obj: Absence, form: Any, change: bool) -> None:
        obj.pk = services.absence_add(**form.cleaned_data, by=user_of(request)).pk

    @admin.action(description=_("End or remove: they are there from today on"))
    def end(self, request: HttpRequest, queryset: QuerySet[Absence]) -> None:
        for absence in queryset.select_related("user"):
            services.absence_end(absence=absence, by=user_of(request))


@admin.register(BusinessUnit)
class BusinessUnitAdmin(LookUpAdmin):
    list_display = ("code", "label_en", "label_fi", "country", "opens", "closes", "position", "is_active")
