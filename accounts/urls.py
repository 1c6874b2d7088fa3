"""Addresses of accounts."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("accounts/", views.account_list, name="account_list"),
    path("accounts/export/", views.account_export, name="account_export"),
    path("accounts/<int:pk>/", views.account_page, name="account_page"),
    path("accounts/<int:pk>/edit/<slug:group>/", views.account_edit, name="account_edit"),
    path("accounts/<int:pk>/override/<slug:field>/", views.account_override, name="account_override"),
    path("accounts/<int:pk>/override/<slug:field>/lift/", views.account_lift_override, name="account_lift_override"),
    path("accounts/<int:pk>/contacts/new/", views.contact_edit, name="contact_new"),
    path("accounts/<int:pk>/contacts/<int:contact_pk>/", views.contact_edit, name="contact_edit"),
    path("accounts/<int:pk>/contacts/<int:contact_pk>/remove/", views.contact_remove, name="contact_remove"),
]
