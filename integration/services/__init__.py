"""Use cases of feeds, by noun: the runs, the work itself, the quarantine, the watched folder, the timetable.

What works on tables stands in `feeds`, which brings their library; whoever only starts and watches runs does without it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integration.services.feeds import customer_sync, products_import

__all__ = ["customer_sync", "products_import"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    from integration.services import feeds

    return getattr(feeds, name)
