"""Addresses of accounts in the API."""

from rest_framework.routers import SimpleRouter

from accounts.api.views import AccountEndpoint, PaymentTermEndpoint

router = SimpleRouter(use_regex_path=False)
router.register("accounts", AccountEndpoint, basename="account")
router.register("payment-terms", PaymentTermEndpoint, basename="payment-term")
urlpatterns = router.urls
