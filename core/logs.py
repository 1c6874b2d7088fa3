"""Nothing that opens a link may reach a log."""

import logging
import re

_TOKEN = re.compile(r"/(a|q|password/reset/key)/[A-Za-z0-9_-]{16,}")


def masked(text: str) -> str:
    """The text without tokens of links."""
    return _TOKEN.sub(r"/\1/***", text)


class MaskLinkTokens(logging.Filter):
    """Replaces the token in addresses of links in mails: approvers', customers', those for a new password."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        without = masked(message)
        if without != message:
            record.msg, record.args = without, None
        return True
