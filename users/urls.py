"""Addresses of people: their own page, the switches, and those pages of allauth that are in use."""

from allauth.account import views as allauth
from django.urls import path, re_path

from users import absence_views, saved_view_views, second_factor_views, token_views, views

urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("profile/absences/new/", absence_views.absence_new, name="absence_new"),
    path("profile/absences/<int:pk>/end/", absence_views.absence_end, name="absence_end"),
    path("profile/tokens/new/", token_views.token_new, name="token_new"),
    path("profile/tokens/<int:pk>/revoke/", token_views.token_revoke, name="token_revoke"),
    path("profile/second-step/", second_factor_views.index, name="mfa_index"),
    path("profile/second-step/on/", second_factor_views.Activate.as_view(), name="mfa_activate_totp"),
    path("profile/second-step/off/", second_factor_views.Deactivate.as_view(), name="mfa_deactivate_totp"),
    path("profile/second-step/codes/", second_factor_views.RecoveryCodes.as_view(), name="mfa_view_recovery_codes"),
    path("profile/second-step/codes/new/", second_factor_views.NewRecoveryCodes.as_view(), name="mfa_generate_recovery_codes"),
    path("views/save/", saved_view_views.view_save, name="view_save"),
    path("views/<int:pk>/remove/", saved_view_views.view_remove, name="view_remove"),
    path("language/", views.set_language, name="set_language"),
    path("theme/", views.set_theme, name="theme"),
    path("demo-login/", views.demo_login, name="demo_login"),
    path("login/", allauth.login, name="account_login"),
    path("login/inactive/", allauth.account_inactive, name="account_inactive"),
    path("login/code/", second_factor_views.Authenticate.as_view(), name="mfa_authenticate"),
    path("login/reauthenticate/", views.Reauthenticate.as_view(), name="account_reauthenticate"),
    path("login/reauthenticate/code/", second_factor_views.CodeAgain.as_view(), name="mfa_reauthenticate"),
    path("logout/", allauth.logout, name="account_logout"),
    path("password/change/", views.PasswordChange.as_view(), name="account_change_password"),
    path("password/reset/", allauth.password_reset, name="account_reset_password"),
    path("password/reset/done/", allauth.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.PasswordResetFromKey.as_view(),
        name="account_reset_password_from_key",
    ),
    path("password/reset/key/done/", allauth.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("login/signup/", views.absent, name="account_signup"),
    path("login/email/", views.absent, name="account_email"),
    path("login/email/sent/", views.absent, name="account_email_verification_sent"),
    path("login/email/<str:key>/", views.absent, name="account_confirm_email"),
    path("login/code/confirm/", views.absent, name="account_confirm_login_code"),
    path("password/set/", views.absent, name="account_set_password"),
]
