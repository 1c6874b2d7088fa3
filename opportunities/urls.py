"""Addresses of opportunities."""

from django.urls import path

from opportunities import views

urlpatterns = [
    path("opportunities/", views.opportunity_list, name="opportunity_list"),
    path("opportunities/<int:pk>/", views.opportunity_page, name="opportunity_page"),
    path("opportunities/export/", views.opportunity_export, name="opportunity_export"),
]
