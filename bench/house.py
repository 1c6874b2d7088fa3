"""Everything that a run needs standing: databases, servers, people who are logged in, products and drafts to work with."""

import contextlib
from pathlib import Path
from types import TracebackType

from bench import data
from bench.client import Client
from bench.quotes import Drafts
from bench.servers import Server
from crm.demo_large.stock import Item, items
from users import tokens
from users.models import User

PASSWORD = "demo"
"""That of the demo's people."""


class House:
    """Ours and the floor, running. Leaving the block stops every server."""

    def __init__(self, base: Path, *, sqlite: bool, millions: bool) -> None:
        self.base, self.sqlite, self.millions = base, sqlite, millions
        self.servers: dict[str, Server] = {}
        self._stewards: dict[str, Client] = {}

    def __enter__(self) -> "House":
        try:
            self.ours = self._start("ours", "")
            self.counting = self._start("counting", "", settings="bench.settings")
            self._start("1000", "1000")
            if self.millions:
                self._start("1000000", "1000000")
            if self.sqlite:
                self._start("sqlite", None)
            where = data.environment(self.base)
            self.floor = Server("bench.floor.wsgi:application", "bench.floor.settings", where, self._log("floor"), "/login/")
            self.servers["floor"] = self.floor
            self._people()
        except BaseException:
            self._stop()
            raise
        return self

    def _start(self, name: str, database: str | None, settings: str = "crm.settings") -> Server:
        where = data.environment(self.base, database)
        self.servers[name] = Server("crm.wsgi:application", settings, where, self._log(name), "/login/")
        return self.servers[name]

    def _log(self, name: str) -> Path:
        return self.base / f"{name}.log"

    def _people(self) -> None:
        rep = User.objects.get(username="rep")
        self.stock: list[Item] = items(2_000)
        self.drafts = Drafts(rep, self.stock)
        self.rep, self.approver, self.steward = (self._somebody(self.ours, name) for name in ("rep", "pricing", "steward"))
        rep.api_tokens.filter(name="bench").delete()  # of runs before, when the data was kept
        _token, text = tokens.token_create(by=rep, name="bench", scope="write", days=1)
        self.program = Client(self.ours.port, token=text)
        self.customer, self.floor_customer = Client(self.ours.port), Client(self.floor.port)
        self.floor_rep, self.floor_approver = (
            Client(self.floor.port).log_in("/login/", "username", name, PASSWORD) for name in ("rep", "pricing")
        )

    @staticmethod
    def _somebody(server: Server, username: str) -> Client:
        return Client(server.port).log_in("/login/", "login", username, PASSWORD)

    def steward_of(self, name: str) -> Client:
        """The steward at the server of another database."""
        if name not in self._stewards:
            self._stewards[name] = self._somebody(self.servers[name], "steward")
        return self._stewards[name]

    def server_of(self, client: Client) -> Server:
        return next(server for server in self.servers.values() if server.port == client.port)

    def _stop(self) -> None:
        for server in self.servers.values():
            with contextlib.suppress(ProcessLookupError):
                server.stop()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()
