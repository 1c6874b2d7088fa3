"""As little of customers, products and quotes as the same work needs."""

from django.conf import settings
from django.db import models


class Account(models.Model):
    name = models.CharField(max_length=200)
    number = models.CharField(max_length=40, unique=True)
    category = models.CharField(max_length=120, blank=True)
    city = models.CharField(max_length=100, blank=True)
    revenue = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    status = models.CharField(max_length=10, default="active")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)

    class Meta:
        indexes = [models.Index(fields=["name", "id"], name="floor_account_by_name")]

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    sku = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    unit = models.CharField(max_length=120)
    list_price = models.DecimalField(max_digits=12, decimal_places=4)
    vat_percent = models.DecimalField(max_digits=7, decimal_places=4)

    def __str__(self) -> str:
        return self.sku


class Quote(models.Model):
    account = models.ForeignKey(Account, models.PROTECT)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    status = models.CharField(max_length=20, default="draft")
    net_total = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    gross_total = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.pk)


class Line(models.Model):
    quote = models.ForeignKey(Quote, models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    product = models.ForeignKey(Product, models.PROTECT)
    quantity = models.DecimalField(max_digits=12, decimal_places=3)
    list_price = models.DecimalField(max_digits=12, decimal_places=4)
    discount_percent = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    vat_percent = models.DecimalField(max_digits=7, decimal_places=4)
    line_net = models.DecimalField(max_digits=14, decimal_places=2)

    def __str__(self) -> str:
        return f"{self.quote_id}/{self.position}"


class Note(models.Model):
    """What a move leaves behind: the frozen lines, a decision, a document, an answer."""

    quote = models.ForeignKey(Quote, models.CASCADE, related_name="notes")
    kind = models.CharField(max_length=20)
    content = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.quote_id} {self.kind}"
