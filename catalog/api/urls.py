"""Addresses of the catalogue in the API."""

from rest_framework.routers import SimpleRouter

from catalog.api.views import ProductEndpoint

router = SimpleRouter(use_regex_path=False)
router.register("products", ProductEndpoint, basename="product")
urlpatterns = router.urls
