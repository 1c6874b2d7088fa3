"""Mail servers on loopback that do as they are told: real sockets, no library that would be too polite to break off."""

import contextlib
import re
import socket
import threading
from collections.abc import Iterator

RESET = "reset"
"""In place of a reply: the line is cut."""


class ScriptedServer:
    """Speaks SMTP. `replies` has what is said instead of "250 OK" at a command (RCPT, MAIL, "." for the end of a mail); `slow` is
    the pause after each byte that is sent. `mails` are those it has taken, whatever it said then; `connections` counts."""

    def __init__(self) -> None:
        self.replies: dict[str, str] = {}
        self.slow = 0.0
        self.most_per_connection = 10**9
        self.mails: list[str] = []
        self.connections = 0
        self._over = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @staticmethod
    def uuid_of(text: str) -> str:
        """Of the message that the mail is about, as its Message-ID says."""
        return re.findall(r"^Message-ID: <([0-9a-f-]+)@", text, re.MULTILINE)[0]  # type: ignore[no-any-return]

    def stop(self) -> None:
        self._over.set()
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _peer = self._socket.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError), line, line.makefile("rb") as said:
            self._say(line, "220 here")
            taken = 0
            for command in said:
                verb = command[:4].decode("ascii").strip().upper()
                if verb == "MAIL" and taken >= self.most_per_connection:
                    self._say(line, "421 enough for this connection")
                    return
                if verb == "DATA":
                    self._say(line, "354 go on")
                    self.mails.append(b"".join(iter(said.readline, b".\r\n")).decode())
                    taken += 1
                    verb = "."
                reply = self.replies.get(verb, "250 OK")
                if reply == RESET:
                    return
                self._say(line, reply)
                if verb == "QUIT":
                    return

    def _say(self, line: socket.socket, reply: str) -> None:
        for byte in f"{reply}\r\n".encode():
            line.sendall(bytes([byte]))
            if self.slow and self._over.wait(self.slow):
                raise OSError("over")


@contextlib.contextmanager
def scripted() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    try:
        yield server
    finally:
        server.stop()


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
