"""Links in mails: derived, never stored, of one purpose, mortal."""

import datetime as dt
import re

import pytest
import time_machine
from django.conf import settings

from core import clock as time, links
from core.models import Link

pytestmark = pytest.mark.django_db


def issue(purpose: Link.Purpose = Link.Purpose.APPROVAL, subject_id: int = 1, days: int = 14) -> Link:
    return links.issue(purpose, subject_id, expires_at=time.now() + dt.timedelta(days=days))


def test_a_token_is_derived_again_and_only_its_hash_is_stored() -> None:
    link = issue()
    token = links.token_of(Link.objects.get(pk=link.pk))
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    assert link.token_hash == links.digest(token)
    assert token not in repr(list(Link.objects.values_list()))
    assert links.find(Link.Purpose.APPROVAL, token) == link


def test_tokens_differ() -> None:
    assert len({links.token_of(issue()) for _number in range(50)}) == 50


@pytest.mark.parametrize("purpose", Link.Purpose)
@pytest.mark.parametrize("door", Link.Purpose)
def test_a_token_opens_the_door_of_its_purpose_only(purpose: Link.Purpose, door: Link.Purpose) -> None:
    link = issue(purpose)
    assert (links.find(door, links.token_of(link)) == link) is (purpose == door)


@pytest.mark.parametrize("token", ["", "x", "x" * 42, "x" * 44, "x" * 10000, "ä" * 43, "\x00", "\ud800", "' OR 1=1"])
def test_what_is_no_token_finds_nothing(token: str) -> None:
    issue()
    assert links.find(Link.Purpose.APPROVAL, token) is None


def test_a_changed_row_has_another_token() -> None:
    link = issue()
    for field, value in (("purpose", Link.Purpose.QUOTE), ("nonce", "0" * 32)):
        changed = Link.objects.get(pk=link.pk)
        setattr(changed, field, value)
        with pytest.raises(LookupError):
            links.token_of(changed)


def test_after_a_rotation_old_links_open_until_their_key_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    old = issue()
    token = links.token_of(old)
    monkeypatch.setattr(settings, "LINK_KEYS", ["new key", *settings.LINK_KEYS])
    assert links.token_of(old) == token
    assert links.token_of(issue()) != token
    monkeypatch.setattr(settings, "LINK_KEYS", ["new key"])
    with pytest.raises(LookupError):
        links.token_of(old)
    assert links.find(Link.Purpose.APPROVAL, token) == old


def test_a_link_dies_by_time_and_by_revocation(clock: time_machine.Traveller) -> None:
    link, other = issue(days=1), issue(subject_id=2)
    assert links.is_live(link)
    clock.shift(dt.timedelta(days=1))
    assert links.is_live(link)
    clock.shift(dt.timedelta(seconds=1))
    assert not links.is_live(link)
    links.revoke(Link.Purpose.APPROVAL, [2])
    other.refresh_from_db()
    assert not links.is_live(other)


def test_a_revocation_touches_its_subjects_only_and_keeps_the_first_time(clock: time_machine.Traveller) -> None:
    mine, theirs, quote = issue(), issue(subject_id=2), issue(Link.Purpose.QUOTE)
    links.revoke(Link.Purpose.APPROVAL, [1])
    first = time.now()
    clock.shift(60)
    links.revoke(Link.Purpose.APPROVAL, [1])
    assert [Link.objects.get(pk=link.pk).revoked_at for link in (mine, theirs, quote)] == [first, None, None]


def test_links_are_forgotten_long_after_their_end(clock: time_machine.Traveller) -> None:
    issue(days=1)
    kept = issue(days=3)
    clock.shift(dt.timedelta(days=2))
    assert links.forget(Link.Purpose.QUOTE, ended_before=time.now()) == 0
    assert links.forget(Link.Purpose.APPROVAL, ended_before=time.now()) == 1
    assert list(Link.objects.all()) == [kept]
