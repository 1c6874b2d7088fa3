"""The file-system broker of the embedded default, with messages that appear whole or not at all.

kombu's own opens the file in the queue before it writes it, and a worker that looks in between dies of half a message.
"""

import time
import uuid
from pathlib import Path
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        path = Path(self.data_folder_out) / f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        part = path.with_name(f"{path.name}.part")
        try:
            part.write_text(dumps(payload), encoding="utf-8")
            part.replace(path)
        except OSError as error:
            raise ChannelError(f"Cannot add {path.name} to the queue") from error


class Transport(filesystem.Transport):
    Channel = Channel


TRANSPORT_ALIASES["files"] = "crm.broker:Transport"
