"""Addresses of opportunities in the API."""

from rest_framework.routers import SimpleRouter

from opportunities.api.views import OpportunityEndpoint

router = SimpleRouter(use_regex_path=False)
router.register("opportunities", OpportunityEndpoint, basename="opportunity")
urlpatterns = router.urls
