"""Addresses of approvals in the API."""

from rest_framework.routers import SimpleRouter

from approvals.api.views import ApprovalEndpoint

router = SimpleRouter(use_regex_path=False)
router.register("approvals", ApprovalEndpoint, basename="approval")
urlpatterns = router.urls
