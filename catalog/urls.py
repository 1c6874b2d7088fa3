"""Addresses of the catalogue."""

from django.urls import path

from catalog import clean_up_views, views

urlpatterns = [
    path("products/", views.product_list, name="product_list"),
    path("products/export/", views.product_export, name="product_export"),
    path("products/clean-up/", clean_up_views.product_clean_up, name="product_clean_up"),
    path("products/<int:pk>/", views.product_page, name="product_page"),
    path("products/<int:pk>/merge/", clean_up_views.product_merge, name="product_merge"),
    path("products/<int:pk>/unmerge/", clean_up_views.product_unmerge, name="product_unmerge"),
]
