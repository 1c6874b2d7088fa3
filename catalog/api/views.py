"""The endpoints of the catalogue. Products change in the administration and by imports."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import selectors
from catalog.api import outputs
from catalog.api.filters import ProductApiFilter
from catalog.api.outputs import ProductOut, ProductRowOut
from catalog.models import Product
from core.api.lists import listed_together
from users.api.base import Endpoint
from users.api.schema import listing
from users.roles import Perm

_READ = frozenset({Perm.PRODUCT_VIEW})


class ProductEndpoint(Endpoint):
    """Products of the catalogue, with their prices."""

    access = {"list": _READ, "retrieve": _READ}
    queryset = Product.objects.none()
    filterset_class = ProductApiFilter
    orderings = {"sku": ("sku", "pk"), "-sku": ("-sku", "-pk"), "id": ("pk",), "-id": ("-pk",)}

    @extend_schema(responses=listing(ProductRowOut))
    def list(self, request: Request) -> Response:
        """Products with today's standard price. `q` searches code and names."""
        margin = self.user.may(Perm.MARGIN_VIEW)
        rows = self.filter_queryset(selectors.products_for(self.user))
        together = lambda products: outputs.rows_out(products, margin=margin)  # noqa: E731
        return Response(listed_together(rows, request, orderings=self.orderings, outputs=together))

    @extend_schema(responses=ProductOut)
    def retrieve(self, request: Request, pk: int) -> Response:
        """The product with all its prices, also past and coming ones."""
        product = selectors.product_for(self.user, pk)
        return Response(outputs.product_out(product, margin=self.user.may(Perm.MARGIN_VIEW)))
