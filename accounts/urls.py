"""Addresses of accounts."""

from django.urls import path

from accounts import conflict_views, prospect_views, views

urlpatterns = [
    path("accounts/", views.account_list, name="account_list"),
    path("accounts/export/", views.account_export, name="account_export"),
    path("accounts/conflicts/", conflict_views.conflict_list, name="conflict_list"),
    path("accounts/conflicts/export/", conflict_views.conflict_export, name="conflict_export"),
    path("accounts/conflicts/<int:pk>/", conflict_views.conflict_page, name="conflict_page"),
    path("accounts/conflicts/<int:pk>/assign/", conflict_views.conflict_assign, name="conflict_assign"),
    path("accounts/conflicts/<int:pk>/choose/", conflict_views.conflict_choose, name="conflict_choose"),
    path("accounts/conflicts/<int:pk>/leave/", conflict_views.conflict_leave, name="conflict_leave"),
    path("accounts/<int:pk>/", views.account_page, name="account_page"),
    path("accounts/<int:pk>/why/<slug:field>/", views.account_why, name="account_why"),
    path("accounts/new/", prospect_views.account_new, name="account_new"),
    path("accounts/proposals/", prospect_views.proposal_list, name="proposal_list"),
    path("accounts/proposals/<int:pk>/", prospect_views.proposal_merge, name="proposal_merge"),
    path("accounts/proposals/<int:pk>/decline/", prospect_views.proposal_decline, name="proposal_decline"),
    path("accounts/proposals/<int:pk>/reopen/", prospect_views.proposal_reopen, name="proposal_reopen"),
    path("accounts/<int:pk>/merges/<int:merge_pk>/undo/", prospect_views.merge_undo, name="merge_undo"),
    path("accounts/<int:pk>/edit/<slug:group>/", views.account_edit, name="account_edit"),
    path("accounts/<int:pk>/override/<slug:field>/", views.account_override, name="account_override"),
    path("accounts/<int:pk>/override/<slug:field>/lift/", views.account_lift_override, name="account_lift_override"),
    path("accounts/<int:pk>/contacts/new/", views.contact_edit, name="contact_new"),
    path("accounts/<int:pk>/contacts/<int:contact_pk>/", views.contact_edit, name="contact_edit"),
    path("accounts/<int:pk>/contacts/<int:contact_pk>/remove/", views.contact_remove, name="contact_remove"),
]
