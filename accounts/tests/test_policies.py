"""Who sees an account and who may edit it."""

from types import SimpleNamespace

import pytest

from accounts import policies
from accounts.models import Account, AccountTeamMember
from accounts.tests.factories import AccountFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("who", "sees", "edits"),
    [
        ("owner", True, True),
        ("colleague", True, False),
        ("support", True, True),
        ("neighbour", False, False),
        ("manager", True, True),
        ("foreign_manager", False, False),
        ("stranger", False, False),
        ("finance", True, False),
        ("steward", True, True),
        ("nobody", False, False),
    ],
)
def test_sight_and_edit_follow_owner_team_and_unit(people: SimpleNamespace, who: str, sees: bool, edits: bool) -> None:
    user = getattr(people, who)

    assert Account.objects.visible_to(user).filter(pk=people.account.pk).exists() is sees
    assert policies.may_edit(user, people.account) is edits


def test_somebody_on_the_account_team_sees_and_edits(people: SimpleNamespace) -> None:
    AccountTeamMember.objects.create(account=people.account, user=people.stranger)

    assert Account.objects.visible_to(people.stranger).get() == people.account
    assert policies.may_edit(people.stranger, people.account)


def test_an_account_without_owner_is_for_those_who_see_all(people: SimpleNamespace) -> None:
    orphan = AccountFactory(owner=None)

    assert not Account.objects.visible_to(people.manager).filter(pk=orphan.pk).exists()
    assert Account.objects.visible_to(people.steward).filter(pk=orphan.pk).exists()
    assert policies.may_edit(people.steward, orphan)
