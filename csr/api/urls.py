"""Addresses of cases in the API."""

from rest_framework.routers import SimpleRouter

from csr.api.views import CaseEndpoint

router = SimpleRouter(use_regex_path=False)
router.register("csr", CaseEndpoint, basename="csr")
urlpatterns = router.urls
