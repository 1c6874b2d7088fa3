"""Addresses of the floor."""

from django.contrib.auth.views import LoginView
from django.urls import path

from bench.floor import views

urlpatterns = [
    path("login/", LoginView.as_view(template_name="floor/login.html"), name="login"),
    path("accounts/", views.accounts, name="accounts"),
    path("quotes/", views.create),
    path("quotes/<int:pk>/", views.quote_page),
    path("quotes/<int:pk>/json/", views.quote_json),
    path("quotes/<int:pk>/lines/<int:line_pk>/", views.change_line),
    path("quotes/<int:pk>/<slug:move>/", views.move),
    path("q/<int:pk>/", views.answer),
]
