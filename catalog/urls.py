"""Addresses of the catalogue."""

from django.urls import path

from catalog import views

urlpatterns = [
    path("products/", views.product_list, name="product_list"),
    path("products/export/", views.product_export, name="product_export"),
    path("products/<int:pk>/", views.product_page, name="product_page"),
]
