"""The one way out over HTTP: to origins that the settings name, without redirects, with an end to size, time and patience.

A name is looked up once and its address kept, so that it cannot come to mean another machine between check and use. What comes
back counts only when it is whole: a compressed body to its end, JSON to its last bracket. Tests forbid HTTP clients elsewhere.
"""

import datetime as dt
import ipaddress
import json
import random
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Self
from urllib.parse import urlsplit

from django.conf import settings

from core import clock, gzipped
from core.errors import DomainError, Text
from core.languages import Sentence as _

if TYPE_CHECKING:
    import httpx2
    from tenacity import RetryCallState

_PORTS = {"http": 80, "https": 443}


class Refused(DomainError):
    """Asking again cannot help: not an origin of ours, a redirect, no entry, too much."""

    code = "outbound_refused"
    status = 502


class Unreachable(DomainError):
    """It was asked again as often and as long as there was patience, and never answered properly."""

    code = "outbound_unreachable"
    status = 502


class _Again(Exception):
    """Worth another try, after `retry_after` seconds if the other side said so."""

    def __init__(self, sentence: Text, retry_after: float | None = None) -> None:
        super().__init__(str(sentence))
        self.sentence, self.retry_after = sentence, retry_after


@dataclass(frozen=True)
class Limits:
    """Bytes after decompression; seconds; waits grow from `first_wait` to `longest_wait` and are drawn at random below that."""

    answer_bytes: int = 64 * 2**20
    total_bytes: int = 4 * 2**30
    answer_seconds: float = 60
    total_seconds: float = 1800
    attempts: int = 6
    first_wait: float = 0.5
    longest_wait: float = 30


class Origin(NamedTuple):
    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """Raises: Refused for what is no plain address of a web server."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise Refused(_("%(url)s is not an address.") % {"url": url}) from None
        if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None or parts.password is not None:
            raise Refused(_("%(url)s is not an address.") % {"url": url})
        return cls(parts.scheme, parts.hostname, port or _PORTS[parts.scheme])

    @property
    def authority(self) -> str:
        """Host and port as the `Host` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class Client:
    """Asks one origin for JSON. Raises on creation: Refused when the settings do not name the origin.

    `sleep` and `monotonic` are those of `time`; tests bring their own.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        import httpx2

        self.origin, self.path = Origin.of(url), urlsplit(url).path.rstrip("/")
        _require_allowed(self.origin)
        self.limits = limits or Limits()
        self.received = 0
        self._token, self._sleep, self._monotonic = token, sleep, monotonic
        self._deadline = monotonic() + self.limits.total_seconds
        self._address = ""
        self._http = httpx2.Client(
            follow_redirects=False, trust_env=False, timeout=httpx2.Timeout(min(20, self.limits.answer_seconds), connect=5)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._http.close()

    def get_json(self, path: str, params: Mapping[str, str | int]) -> Any:
        """The answer, numbers exact. Asked again, later and later, while the other side is busy, broken or in bits.

        Raises: Refused, Unreachable.
        """
        import tenacity

        asking = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            wait=self._wait,
            stop=self._is_over,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return asking(self._once, path, params)
        except _Again as last:
            raise Unreachable(last.sentence) from last

    def _wait(self, state: "RetryCallState") -> float:
        asked = getattr(state.outcome.exception(), "retry_after", None) if state.outcome else None
        if asked is not None:
            return float(asked) + random.random()
        return random.uniform(0, min(self.limits.longest_wait, self.limits.first_wait * 2**state.attempt_number))

    def _is_over(self, state: "RetryCallState") -> bool:
        late = self._monotonic() + state.upcoming_sleep >= self._deadline
        return late or state.attempt_number >= self.limits.attempts

    def _once(self, path: str, params: Mapping[str, str | int]) -> Any:
        import httpx2

        try:
            content = self._content(path, params)
        except httpx2.TimeoutException as error:
            raise _Again(_("It did not answer in time.")) from error
        except httpx2.TransportError as error:
            raise _Again(_("The connection failed: %(reason)s") % {"reason": error}) from error
        try:
            return json.loads(content, parse_float=Decimal, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise _Again(_("What it answered is no complete JSON.")) from error

    def _content(self, path: str, params: Mapping[str, str | int]) -> bytes:
        headers = {"Host": self.origin.authority, "Accept": "application/json", "Accept-Encoding": "gzip"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        extensions = {"sni_hostname": self.origin.host} if self.origin.scheme == "https" else {}
        url = f"{self.origin.scheme}://{self._pinned()}:{self.origin.port}{self.path}{path}"
        with self._http.stream("GET", url, params=dict(params), headers=headers, extensions=extensions) as response:
            _check_status(response)
            return b"".join(self._whole(response))

    def _whole(self, response: "httpx2.Response") -> Iterator[bytes]:
        """The body, decompressed by ourselves: the library takes a compressed body that breaks off for a whole one."""
        encoding = response.headers.get("Content-Encoding", "identity").lower()
        if encoding not in ("identity", "gzip"):
            raise Refused(_("It answered in an encoding that was not asked for: %(name)s.") % {"name": encoding})
        chunks = self._in_time(response.iter_raw())
        size = 0
        try:
            for piece in gzipped.pieces(chunks) if encoding == "gzip" else chunks:
                size += len(piece)
                self._count(len(piece), size)
                yield piece
        except gzipped.BreaksOff as error:
            raise _Again(_("The answer broke off.")) from error

    def _in_time(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        until = min(self._monotonic() + self.limits.answer_seconds, self._deadline)
        for chunk in chunks:
            if self._monotonic() > until:
                raise _Again(_("It did not answer in time."))
            yield chunk

    def _count(self, piece: int, size: int) -> None:
        self.received += piece
        if size > self.limits.answer_bytes or self.received > self.limits.total_bytes:
            raise Refused(_("It sends more than %(limit)s MB.") % {"limit": self.limits.answer_bytes // 2**20})

    def _pinned(self) -> str:
        """The address of the host, looked up once."""
        if not self._address:
            try:
                found = socket.getaddrinfo(self.origin.host, self.origin.port, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                raise _Again(_("The connection failed: %(reason)s") % {"reason": error}) from error
            address = ipaddress.ip_address(found[0][4][0])
            _require_sensible(address, self.origin)
            self._address = f"[{address}]" if address.version == 6 else str(address)
        return self._address


def _require_allowed(origin: Origin) -> None:
    named = {Origin.of(url) for url in settings.OUTBOUND_ORIGINS}
    if origin not in named and not (settings.DEMO and _is_loopback_name(origin.host)):
        raise Refused(
            _("%(origin)s is not among the origins that the settings allow (OUTBOUND_ORIGINS).")
            % {"origin": f"{origin.scheme}://{origin.authority}"}
        )


def _is_loopback_name(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require_sensible(address: "ipaddress.IPv4Address | ipaddress.IPv6Address", origin: Origin) -> None:
    """A name must not lead back into this machine, nor to where no server is."""
    inward = address.is_loopback and not _is_loopback_name(origin.host)
    if inward or address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved:
        raise Refused(_("%(host)s leads to %(address)s.") % {"host": origin.host, "address": address})


def _check_status(response: "httpx2.Response") -> None:
    status = response.status_code
    if status == 200:
        return
    if status in (408, 429) or status >= 500:
        raise _Again(_("It answered %(status)s.") % {"status": status}, _retry_after(response))
    if 300 <= status < 400:
        raise Refused(_("It answered with a redirect, which is not followed."))
    if status in (401, 403):
        raise Refused(_("It does not let us in (%(status)s): check the token.") % {"status": status})
    raise Refused(_("It answered %(status)s.") % {"status": status})


def _retry_after(response: "httpx2.Response") -> float | None:
    """Seconds to wait, as a number or a date; None for what makes no sense."""
    told = response.headers.get("Retry-After", "")
    if told.isascii() and told.isdigit():
        return float(told)
    try:
        at = parsedate_to_datetime(told)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return max(0.0, (at - clock.now()).total_seconds())


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
