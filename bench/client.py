"""A browser without a screen: one kept-alive connection, cookies, log-in through the real form, times in milliseconds."""

import http.client
import json
import time
import urllib.parse
from dataclasses import dataclass
from typing import Any

IDLE_SECONDS = 20


class Unexpected(Exception):
    """The server answered something else than the benchmark asked for: nothing measured would mean anything."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes
    ms: float

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Somebody at a server; `token`: a program instead of a browser."""

    def __init__(self, port: int, token: str = "", cookies: dict[str, str] | None = None) -> None:
        self.port, self.token, self.cookies = port, token, dict(cookies or {})
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.used_at = 0.0

    def at(self, port: int) -> "Client":
        """The same person at another server of the same house."""
        return Client(port, self.token, self.cookies)

    def log_in(self, path: str, name_field: str, username: str, password: str) -> "Client":
        self.get(path)
        self.post(path, {name_field: username, "password": password}, expect=302)
        return self

    def get(self, path: str, expect: int = 200, headers: dict[str, str] | None = None) -> Answer:
        return self.call("GET", path, expect=expect, headers=headers)

    def post(self, path: str, form: dict[str, Any], expect: int = 302, **headers: str) -> Answer:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return self.call("POST", path, urllib.parse.urlencode(form), expect=expect, headers=headers)

    def send(self, method: str, path: str, data: Any, expect: int = 200) -> Answer:
        return self.call(method, path, json.dumps(data), expect=expect, headers={"Content-Type": "application/json"})

    def call(
        self, method: str, path: str, body: str | None = None, *, expect: int, headers: dict[str, str] | None = None
    ) -> Answer:
        """One request; only the exchange itself is timed. Raises: Unexpected."""
        sent = self._headers(method) | (headers or {})
        if time.perf_counter() - self.used_at > IDLE_SECONDS:
            self.connection.close()  # the server has closed it, or is about to; the request opens it again
        began = time.perf_counter()
        self.connection.request(method, path, body, sent)
        response = self.connection.getresponse()
        content = response.read()
        self.used_at = time.perf_counter()
        ms = (self.used_at - began) * 1000
        self._keep_cookies(response)
        if response.status != expect:
            raise Unexpected(f"{method} {path}: {response.status} instead of {expect}: {content[:600].decode(errors='replace')}")
        return Answer(response.status, response.headers, content, ms)

    def _headers(self, method: str) -> dict[str, str]:
        headers = {"Accept-Language": "en"}
        if self.token:
            return headers | {"Authorization": f"Bearer {self.token}"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method != "GET" and "csrftoken" in self.cookies:
            headers["X-CSRFToken"] = self.cookies["csrftoken"]
        return headers

    def _keep_cookies(self, response: http.client.HTTPResponse) -> None:
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _equals, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
