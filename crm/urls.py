"""All addresses."""

from django.contrib import admin
from django.urls import include, path

from crm import mails, views

handler400 = "crm.problems.bad_request"
handler403 = "crm.problems.forbidden"
handler404 = "crm.problems.not_found"
handler500 = "crm.problems.server_error"

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("accounts.urls")),
    path("", include("catalog.urls")),
    path("", include("opportunities.urls")),
    path("", include("quotes.urls")),
    path("", include("csr.urls")),
    path("", include("approvals.urls")),
    path("", include("integration.urls")),
    path("", include("users.urls")),
    path("mailbox/", views.mailbox, name="mailbox"),
    path("mailbox/<int:pk>/", views.mailbox_message, name="mailbox_message"),
    path("mailbox/<int:pk>/body/", views.mailbox_body, name="mailbox_body"),
    path("mails/", mails.outbox_list, name="outbox_list"),
    path("mails/retry/", mails.outbox_retry, name="outbox_retry"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("api/", include("crm.api")),
    path("admin/", admin.site.urls),
]
