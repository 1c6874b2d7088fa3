"""Links in mails. A token is derived, never stored: HMAC-SHA256(link key, purpose | row | nonce); the row keeps its SHA-256.

The delivering task derives it again, so a mail sent twice carries the same link, and no queue, log or audit row holds one.
Source: docs/adr/0003-outbox-and-links.md.
"""

import base64
import datetime as dt
import hashlib
import hmac
import secrets

from django.conf import settings

from core import clock
from core.models import Link
from core.prepared import Prepared

CODE_LENGTH = 16
_PLAIN = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghjkmnpqrstvwxyz")


def issue(purpose: Link.Purpose, subject_id: int, *, expires_at: dt.datetime, person_id: int | None = None) -> Link:
    """A new live link that opens `subject_id` for this person (None: whoever holds it)."""
    link = Link(purpose=purpose, subject_id=subject_id, person_id=person_id, nonce=secrets.token_hex(16), expires_at=expires_at)
    link.token_hash = digest(_derive(link, settings.LINK_KEYS[0]))
    link.save()
    return link


def token_of(link: Link) -> str:
    """The token to put into the mail. Raises LookupError when its key was rotated out."""
    for key in settings.LINK_KEYS:
        token = _derive(link, key)
        if hmac.compare_digest(digest(token), link.token_hash):
            return token
    raise LookupError("the key of this link is gone")


_known = Prepared(
    lambda purpose, hashed: Link.objects.select_related("person").filter(purpose=purpose, token_hash=hashed).order_by()
)


def new_code(link: Link) -> str:
    """A short token for paper: 16 letters and digits that are not taken for each other, 80 bits."""
    return _short(link, settings.LINK_KEYS[0])


def code_of(link: Link, hashed: str) -> str:
    """The code to print, as it was when it was hashed. Raises LookupError when its key was rotated out."""
    for key in settings.LINK_KEYS:
        code = _short(link, key)
        if hmac.compare_digest(digest(code), hashed):
            return code
    raise LookupError("the key of this link is gone")


def find(purpose: Link.Purpose, token: str) -> Link | None:
    """The link of this purpose with this token, live or not; None for anything unknown or malformed."""
    link: Link | None = _known.first(str(purpose), digest(token))
    return link


def revoke(purpose: Link.Purpose, subject_ids: list[int]) -> None:
    """End all links to these subjects."""
    Link.objects.filter(purpose=purpose, subject_id__in=subject_ids, revoked_at=None).update(revoked_at=clock.now())


def forget(purpose: Link.Purpose, *, ended_before: dt.datetime) -> int:
    """Delete links past their time since `ended_before`; the number. From then on they are as unknown as a made-up one."""
    return Link.objects.filter(purpose=purpose, expires_at__lt=ended_before).delete()[0]


def is_live(link: Link) -> bool:
    """Neither revoked nor past its time."""
    return link.revoked_at is None and clock.now() <= link.expires_at


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _derive(link: Link, key: str) -> str:
    return base64.urlsafe_b64encode(_mac(f"{link.purpose}|{link.uuid}|{link.nonce}", key)).decode().rstrip("=")


def _short(link: Link, key: str) -> str:
    mac = _mac(f"{link.purpose}|paper|{link.uuid}|{link.nonce}", key)
    return base64.b32encode(mac[:10]).decode().translate(_PLAIN)


def _mac(text: str, key: str) -> bytes:
    return hmac.new(hashlib.sha256(b"link" + key.encode()).digest(), text.encode(), hashlib.sha256).digest()
