"""Addresses of cases."""

from django.urls import path

from csr.views import page

urlpatterns = [
    path("cases/<int:pk>/", page.case_page, name="case_page"),
]
