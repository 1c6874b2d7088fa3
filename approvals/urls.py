"""Addresses of this app."""

from django.urls import path

from approvals import link_views, views

urlpatterns = [
    path("a/<str:token>/", link_views.open_link, name="approval_link"),
    path("a/r/<uuid:uuid>/", link_views.review, name="approval_link_review"),
    path("approvals/", views.inbox, name="approval_list"),
    path("approvals/<int:pk>/", views.detail, name="approval_detail"),
    path("approvals/<int:pk>/recall/", views.recall, name="approval_recall"),
]
