"""Delivery status notifications (RFC 3464): which of our mails came back from which addresses, and why. Pure."""

import email
import email.policy
import re
from collections.abc import Iterator
from email.message import Message
from typing import NamedTuple
from uuid import UUID

_OURS = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@[^<>@\s]+>")
_REPORTS = ("message/delivery-status", "message/global-delivery-status")
_ORIGINALS = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")


class Bounce(NamedTuple):
    """`uuid`: that of the Message-ID of our mail; `refused`: what was said, by address, of those that failed for good."""

    uuid: UUID
    refused: dict[str, str]


def read(content: bytes) -> Bounce | None:
    """What a notification says; None for anything else, and for one about a mail that is not ours."""
    notification = email.message_from_bytes(content, policy=email.policy.compat32)
    reports = [part for part in notification.walk() if part.get_content_type() in _REPORTS]
    found = _OURS.search(_original_id(notification))
    if not reports or found is None:
        return None
    return Bounce(UUID(found[1]), dict(_failures(reports)))


def _original_id(notification: Message) -> str:
    """The Message-ID of the mail that came back, which is quoted whole or by its headers."""
    for part in notification.walk():
        if part.get_content_type() in _ORIGINALS:
            payload = part.get_payload()
            original = payload[0] if isinstance(payload, list) and payload else email.message_from_string(str(payload))
            if isinstance(original, Message) and original["Message-ID"]:
                return str(original["Message-ID"])
    return ""


def _failures(reports: list[Message]) -> Iterator[tuple[str, str]]:
    """The recipients whose action is `failed`; a delay is no refusal."""
    for report in reports:
        for block in report.walk():
            recipient = _value(block, "Final-Recipient") or _value(block, "Original-Recipient")
            if recipient and str(block.get("Action", "")).strip().lower() == "failed":
                said = _value(block, "Diagnostic-Code") or "refused"
                yield recipient.strip("<>"), _with_code(" ".join(said.split()), str(block.get("Status", "")))


def _value(block: Message, name: str) -> str:
    """What stands behind the kind of a typed field ("rfc822; a@b.example")."""
    return str(block.get(name, "")).partition(";")[2].strip()


def _with_code(said: str, status: str) -> str:
    """With the status before it, unless it begins with a code; 5 means for good."""
    return said if said[:1].isdigit() else f"{status.strip() or '5.0.0'} {said}"
