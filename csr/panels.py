"""What the page of an account shows of cases."""

from typing import Any

from accounts.models import Account, AccountStatus
from csr import policies
from csr.models import Case
from users.models import User
from users.roles import Perm

SHOWN = 5


def cases_of_account(account: Account, user: User) -> dict[str, Any] | None:
    """The latest cases of the account, and those that apply to it as well; None without the right."""
    if not user.may(Perm.CSR_VIEW):
        return None
    of_account = Case.objects.visible_to(user).about(account.pk).only("number", "title", "status")
    cases = list(of_account.order_by("-pk")[: SHOWN + 1])
    may_register = policies.may_register(user) and account.status == AccountStatus.ACTIVE
    return {"cases": cases[:SHOWN], "has_more": len(cases) > SHOWN, "may_register": may_register, "account": account}
