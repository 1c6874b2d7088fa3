"""Refusals of this app."""

from django.utils.translation import gettext_lazy as _

from core.errors import Invalid


class UnreadableFile(Invalid):
    """The file as a whole cannot be used: nothing of it was applied."""

    code = "unreadable_file"
    message = _("The file cannot be read.")


class Incomplete(Invalid):
    """Not everything came that the source has: nothing of it was applied."""

    code = "incomplete_feed"
    message = _("Not everything came that the source has.")


class UnknownProfile(Invalid):
    """The profile does not exist or is not one."""

    code = "unknown_profile"
    message = _("There is no such profile.")
