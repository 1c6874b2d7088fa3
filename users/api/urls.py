"""Addresses of people's absences in the API."""

from rest_framework.routers import SimpleRouter

from users.api.views import AbsenceEndpoint

router = SimpleRouter(use_regex_path=False)
router.register("absences", AbsenceEndpoint, basename="absence")
urlpatterns = router.urls
