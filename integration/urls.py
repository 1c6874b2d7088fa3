"""Addresses of this app."""

from django.urls import path

from integration import views
from integration.views import quality, quarantine

urlpatterns = [
    path("sync/", views.sync_list, name="sync_list"),
    path("sync/upload/", views.sync_upload, name="sync_upload"),
    path("sync/pull/", views.sync_pull, name="sync_pull"),
    path("sync/quality/", quality.quality_page, name="quality"),
    path("sync/quality/<slug:figure>/", quality.quality_figure, name="quality_figure"),
    path("sync/<int:pk>/", views.sync_page, name="sync_page"),
    path("sync/<int:pk>/log/", views.sync_log, name="sync_log"),
    path("sync/<int:pk>/cancel/", views.sync_cancel, name="sync_cancel"),
    path("sync/<int:pk>/release/", views.sync_release, name="sync_release"),
    path("sync/<int:pk>/reject/", views.sync_reject, name="sync_reject"),
    path("sync/<int:pk>/quarantine/", quarantine.sync_quarantine, name="sync_quarantine"),
    path("sync/<int:pk>/quarantine.csv", quarantine.sync_quarantine_file, name="sync_quarantine_file"),
    path("sync/rows/<int:pk>/fix/", quarantine.sync_row_fix, name="sync_row_fix"),
    path("sync/rows/<int:pk>/map/", quarantine.sync_row_map, name="sync_row_map"),
]
