"""Addresses of opportunities."""

from django.urls import path

from opportunities import views

urlpatterns = [
    path("opportunities/", views.opportunity_list, name="opportunity_list"),
    path("opportunities/export/", views.opportunity_export, name="opportunity_export"),
]
