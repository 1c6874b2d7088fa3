"""For the steward who has lost the phone and the recovery codes, when there is no other steward to help."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from users import selectors, services


class Command(BaseCommand):
    help = "Removes authenticator app and recovery codes of a user and ends the user's sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="user name or e-mail address")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = selectors.user_named(username)
        if user is None:
            raise CommandError(f"There is no user {username}.")
        removed = services.second_factor_remove(user=user, by=None, reason="on the command line")
        self.stdout.write("removed" if removed else "there was none")
