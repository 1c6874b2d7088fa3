"""A path to any address: the arguments are well formed and name no record."""

from uuid import UUID

from django.urls import reverse

from tests.access_matrix import addresses

NOBODY = 987654
SPECIAL = {"uuid": UUID(int=1), "object_id": str(NOBODY), "uidb36": "1", "app_label": "users"}


def path_to(name: str) -> str:
    """Regular expressions, which the admin has, may have arguments without a name."""
    pattern = addresses()[name].pattern
    names = list(pattern.regex.groupindex) or list(pattern.converters)
    if not names:
        return reverse(name, args=[str(NOBODY)] * pattern.regex.groups)
    numbers = {key: NOBODY for key, kind in pattern.converters.items() if type(kind).__name__ == "IntConverter"}
    return reverse(name, kwargs={key: (SPECIAL | numbers).get(key, "x-y") for key in names})


def named() -> list[str]:
    """Every address that has a name of its own."""
    return [name for name, pattern in addresses().items() if pattern.name]
