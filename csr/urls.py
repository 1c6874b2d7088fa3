"""Addresses of cases."""

from django.urls import path

from csr.views import listing, page, registering

urlpatterns = [
    path("cases/", listing.case_list, name="case_list"),
    path("cases/export/", listing.case_export, name="case_export"),
    path("cases/new/", registering.case_types, name="case_types"),
    path("cases/new/account/", registering.case_new_account, name="case_new_account"),
    path("cases/new/product/", registering.case_new_product, name="case_new_product"),
    path("cases/new/similar/", registering.case_similar, name="case_similar"),
    path("cases/new/<slug:code>/", registering.case_new, name="case_new"),
    path("cases/accounts/", registering.case_account_options, name="case_account_options"),
    path("cases/products/", registering.case_product_options, name="case_product_options"),
    path("cases/<int:pk>/", page.case_page, name="case_page"),
]
