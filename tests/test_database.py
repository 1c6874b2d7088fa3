"""What the database is asked to tell: digests of rows, and few keys of many."""

import pytest

from accounts.models import Account, Site
from accounts.tests.factories import AccountFactory, SiteFactory
from core import db
from core.db import searching

pytestmark = pytest.mark.django_db


# --- Digests ---
def test_a_digest_tells_every_change_of_the_rows_and_nothing_else() -> None:
    one, other = AccountFactory(), AccountFactory()
    sites = [SiteFactory(account=one, name=name) for name in ("Äänekoski", "Öja")]
    digest = lambda: db.digest(Site, "account_id", one.pk)  # noqa: E731
    first = digest()
    assert first == digest() != db.digest(Site, "account_id", other.pk)
    SiteFactory(account=other)
    assert digest() == first
    Site.objects.filter(pk=sites[0].pk).update(name="Aanekoski")
    changed = digest()
    assert changed != first
    Site.objects.filter(pk=sites[1].pk).update(account=other)
    assert digest() not in (first, changed)


# --- Few keys ---
@pytest.mark.postgresql
@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_search_finds_the_same_by_few_keys_and_by_the_words(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(searching, "FEW", most)
    for name in ("Leipomo Äyräs", "Leipomo Öljy", "Kahvila"):
        AccountFactory(name=name)
    found = Account.objects.matching("leipomo").order_by("name")
    assert [account.name for account in found] == ["Leipomo Äyräs", "Leipomo Öljy"]
    assert (" IN (" in str(found.query)) is (most >= 2)
