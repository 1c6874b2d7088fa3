"""What every page needs: the theme, the languages, and the menu of this person."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from approvals import selectors as approvals
from users import second_factor
from users.demo import demo_users
from users.models import Theme, User
from users.roles import Perm, SalesManager, SalesRep, SalesSupport

SALES_ROLES = frozenset({SalesRep.code, SalesSupport.code, SalesManager.code})
APPROVES = (
    Perm.APPROVE_FLOOR, Perm.APPROVE_MARGIN, Perm.APPROVE_CATALOGUE, Perm.APPROVE_TERMS, Perm.APPROVE_CSR_PRE,
    Perm.APPROVE_CSR_FINAL, Perm.STEWARD,
)  # fmt: skip
APPROVALS = "/approvals/"
CASES = "/cases/"


@dataclass(frozen=True)
class Page:
    """An entry of the menu. It shows when its page exists and the person holds one of `permissions` (none named: everyone).

    Sales staff see entries marked `for_sales` only. Source: docs/requirements.md S0.14.
    """

    path: str
    label: str | Promise
    icon: str
    permissions: tuple[Perm, ...] = ()
    key: str = ""
    for_sales: bool = False


MENU = (
    Page("/", _("Home"), "home", key="h", for_sales=True),
    Page("/accounts/", _("Accounts"), "building-office-2", (Perm.ACCOUNT_VIEW,), key="a", for_sales=True),
    Page("/activities/", _("Activities"), "calendar-days", (Perm.ACTIVITY_VIEW,), for_sales=True),
    Page("/opportunities/", _("Opportunities"), "light-bulb", (Perm.OPPORTUNITY_VIEW,), key="o", for_sales=True),
    Page("/quotes/", _("Quotes"), "document-text", (Perm.QUOTE_VIEW,), key="q", for_sales=True),
    Page("/agreements/", _("Agreements"), "document-check", (Perm.AGREEMENT_VIEW,), for_sales=True),
    Page(CASES, _("Cases"), "clipboard-document-list", (Perm.CSR_VIEW,), key="s"),
    Page(APPROVALS, _("Approvals"), "check-badge", APPROVES, key="i"),
    Page("/products/", _("Products"), "cube", (Perm.PRODUCT_VIEW,)),
    Page("/sync/", _("Data sync"), "arrow-path", (Perm.STEWARD,)),
    Page("/sync/quality/", _("Data quality"), "chart-bar", (Perm.STEWARD,)),
    Page("/mails/", _("Failed mails"), "envelope", (Perm.STEWARD,)),
    Page("/admin/", pgettext_lazy("menu", "Administration"), "cog-6-tooth", (Perm.ADMIN,)),
)


@cache
def _exists(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def is_sales_only(user: User) -> bool:
    """Whether all roles of this person are those of sales staff."""
    return bool(user.role_codes) and user.role_codes <= SALES_ROLES


def may_see(user: User, page: Page) -> bool:
    """Whether the menu of this person shows the page. A manager approves, so approvals show to one."""
    if not _exists(page.path) or (page.permissions and not user.permissions & set(page.permissions)):
        return False
    return page.for_sales or page.path == APPROVALS or not is_sales_only(user)


@dataclass(frozen=True)
class Entry:
    path: str
    label: str | Promise
    icon: str
    key: str
    is_current: bool
    count: int


class Shell:
    """Answers lazily, so that fragments ask nothing of the database."""

    languages = tuple(settings.LANGUAGES)
    mailbox = settings.MAILBOX
    themes = (
        (Theme.LIGHT.value, Theme.LIGHT.label, "sun"),
        (Theme.DARK.value, Theme.DARK.label, "moon"),
        (Theme.AUTO.value, Theme.AUTO.label, "computer-desktop"),
    )

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def _user(self) -> User | None:
        user = getattr(self.request, "user", None)
        return user if isinstance(user, User) else None

    @property
    def theme_is_auto(self) -> bool:
        return self._user is None or self._user.theme == Theme.AUTO

    @property
    def theme(self) -> str:
        return Theme.LIGHT if self._user is None or self.theme_is_auto else self._user.theme

    @property
    def new_quote_path(self) -> str:
        may = self._user is not None and self._user.may(Perm.QUOTE_EDIT)
        return "/quotes/new/" if may and _exists("/quotes/new/") else ""

    @property
    def approvals_path(self) -> str:
        """For those whose menu lacks the page: everyone reaches the requests they made."""
        return "" if self._is_in_menu(APPROVALS) or not _exists(APPROVALS) else APPROVALS

    @property
    def cases_path(self) -> str:
        """The same of cases: sales staff register them, and their menu lacks the page."""
        may = self._user is not None and self._user.may(Perm.CSR_VIEW)
        return CASES if may and not self._is_in_menu(CASES) else ""

    @property
    def new_case_path(self) -> str:
        may = self._user is not None and self._user.may(Perm.CSR_REGISTER)
        return "/cases/new/csr/" if may else ""

    def _is_in_menu(self, path: str) -> bool:
        return any(entry.path == path for entry in self.navigation)

    @property
    def demo_users(self) -> list[User]:
        """Who can be logged in with one click; nobody outside demo mode."""
        return demo_users() if settings.DEMO else []

    @cached_property
    def navigation(self) -> tuple[Entry, ...]:
        user = self._user
        return () if user is None or second_factor.is_missing(self.request) else tuple(self._entries(user))

    def _entries(self, user: User) -> Iterable[Entry]:
        pages, here = [page for page in MENU if may_see(user, page)], self.request.path
        around = [page.path for page in pages if here == page.path or (page.path != "/" and here.startswith(page.path))]
        current = max(around, key=len, default="")  # a page below another has an entry of its own
        for page in pages:
            count = approvals.waiting_count(user) if page.path == APPROVALS else 0
            yield Entry(page.path, page.label, page.icon, page.key, page.path == current, count)


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"shell": Shell(request)}
