"""A mail server on loopback that takes everything and writes down when: `python -m bench.mail_server LOG` says its port."""

import asyncio
import re
import sys
import time
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

_UUID = re.compile(r"<([0-9a-f-]{36})@")


class Post:
    """Keeps a line per mail: when it was there, and the uuid of its message."""

    def __init__(self, log: Any) -> None:
        self.log = log

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  the name it looks for
        headers = BytesHeaderParser().parsebytes(envelope.content.partition(b"\r\n\r\n")[0])
        found = _UUID.match(headers["Message-ID"])
        self.log.write(f"{time.time()} {found.group(1) if found else '-'}\n")
        return "250 OK"


async def serve(path: str) -> None:
    with Path(path).open("a", encoding="ascii", buffering=1) as log:
        server = await asyncio.get_running_loop().create_server(lambda: SMTP(Post(log), hostname="bench"), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
