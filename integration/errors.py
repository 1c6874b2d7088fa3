"""Refusals of this app."""

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid


class UnreadableFile(Invalid):
    """The file as a whole cannot be used: nothing of it was applied."""

    code = "unreadable_file"
    message = _("The file cannot be read.")


class Incomplete(Invalid):
    """Not everything came that the source has: nothing of it was applied."""

    code = "incomplete_feed"
    message = _("Not everything came that the source has.")


class OutOfDate(Invalid):
    """Something newer was applied already: nothing was applied."""

    code = "out_of_date_feed"
    message = _("Something newer was applied already.")


class UnknownProfile(Invalid):
    """The profile does not exist or is not one."""

    code = "unknown_profile"
    message = _("There is no such profile.")


class Busy(DomainError):
    """A run of a feed is going on; there is one at a time."""

    code = "busy"
    status = 409
    message = _("Another run is going on. Try again when it is over.")


class Cancelled(Exception):
    """Somebody asked for the end of the run that is being worked on. No refusal: whoever works on it stops."""


class LeaseLost(Exception):
    """The run is no longer the one's who works on it: it was taken for dead. Nothing may be written any more."""
