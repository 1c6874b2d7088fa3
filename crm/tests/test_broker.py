"""The file-system broker never shows half a message."""

import threading
from pathlib import Path
from typing import Any

from kombu import Connection, Queue

MESSAGES = 200


def test_messages_put_and_taken_at_the_same_time_arrive_whole(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    for name in ("queue", "control"):
        (tmp_path / name).mkdir()
    folders = {
        "data_folder_in": tmp_path / "queue",
        "data_folder_out": tmp_path / "queue",
        "control_folder": tmp_path / "control",
    }
    options = {name: str(path) for name, path in folders.items()} | {"polling_interval": 0.001}
    taken: list[int] = []

    def put() -> None:
        with Connection("files://localhost", transport_options=options) as connection, connection.SimpleQueue("work") as queue:
            for number in range(MESSAGES):
                queue.put({"number": number, "text": "ä" * 20_000})

    with Connection("files://localhost", transport_options=options) as connection, connection.SimpleQueue(Queue("work")) as queue:
        writer = threading.Thread(target=put)
        writer.start()
        for _ in range(MESSAGES):
            message = queue.get(timeout=10)
            taken.append(message.payload["number"])
            message.ack()
        writer.join()
    assert sorted(taken) == list(range(MESSAGES))
