"""A program that calls the API in the name of a person."""

import json
from typing import Any

from django.test import Client

from users import tokens
from users.models import ApiToken, User
from users.tests import contract


class Program:
    """A client with a token. Methods answer the response, which must be as described. Errors of ours are raised."""

    def __init__(self, user: User, scope: str = ApiToken.Scope.WRITE) -> None:
        self.token, self.text = tokens.token_create(by=user, name="test", scope=scope, days=1)
        self.client = Client(headers={"Authorization": f"Bearer {self.text}", "Accept": "application/json"})

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """`headers` with underscores: `If_Match="\\"1\\""`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        path = path if path.startswith("/") else f"/api/v1/{path}"
        data = "" if body is None else json.dumps(body)
        response: Any = self.client.generic(method, path, data, content_type="application/json", headers=named)
        contract.check(method, path, response)
        return response

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.call("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.call("DELETE", path, **headers)
