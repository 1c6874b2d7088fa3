"""Addresses of this app."""

from django.urls import path

from integration import views

urlpatterns = [
    path("sync/", views.sync_list, name="sync_list"),
    path("sync/<int:pk>/", views.sync_page, name="sync_page"),
    path("sync/<int:pk>/quarantine/", views.sync_quarantine, name="sync_quarantine"),
    path("sync/<int:pk>/quarantine.csv", views.sync_quarantine_file, name="sync_quarantine_file"),
]
