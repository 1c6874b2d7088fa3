"""Who may do what to products. Whoever sees one, sees all of them."""

from users.models import User


def may_keep(user: User) -> bool:
    """Whether this person keeps the catalogue: changes products, merges them and takes them out of use."""
    return user.has_perm("catalog.change_product")
