"""Addresses of this app."""

from django.urls import path

from approvals import link_views, oversight_views, views

urlpatterns = [
    path("a/<str:token>/", link_views.open_link, name="approval_link"),
    path("a/r/<uuid:uuid>/", link_views.review, name="approval_link_review"),
    path("approvals/", views.inbox_page, name="approval_list"),
    path("approvals/approve/", views.approve_together, name="approval_together"),
    path("approvals/load/", oversight_views.load, name="approval_load"),
    path("approvals/report/", oversight_views.report, name="approval_report"),
    path("approvals/report/file/", oversight_views.report_file, name="approval_report_file"),
    path("approvals/<int:pk>/", views.detail, name="approval_detail"),
    path("approvals/<int:pk>/recall/", views.recall, name="approval_recall"),
]
