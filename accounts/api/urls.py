"""Addresses of accounts in the API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from accounts.api.views import AccountEndpoint, LookUpEndpoint, PaymentTermEndpoint

router = SimpleRouter(use_regex_path=False)
router.register("accounts", AccountEndpoint, basename="account")
router.register("payment-terms", PaymentTermEndpoint, basename="payment-term")
look_up = LookUpEndpoint.as_view({"get": "list"}, basename="look-up")
urlpatterns = [*router.urls, path("look-ups/<slug:field>/", look_up, name="look-up")]
