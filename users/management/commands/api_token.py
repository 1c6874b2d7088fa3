"""A token for a program, made by whoever runs the server. Prints the token and nothing else, so that a script can keep it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import DomainError
from users import tokens
from users.models import ApiToken, User


class Command(BaseCommand):
    help = "Makes a token with which a program works in the name of USERNAME, and prints it. It is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="manage.py api_token", help="what the token is for (default: %(default)s)")
        parser.add_argument(
            "--scope", choices=ApiToken.Scope.values, default=ApiToken.Scope.WRITE.value, help="default: %(default)s"
        )
        parser.add_argument("--days", type=int, default=30, help="how long it is valid (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody who may log in has the user name {options['username']}.")
        try:
            _token, text = tokens.token_create(by=user, name=options["name"], scope=options["scope"], days=options["days"])
        except DomainError as refusal:
            raise CommandError(" ".join([str(refusal), *map(str, refusal.fields.values())])) from refusal
        self.stdout.write(text)
