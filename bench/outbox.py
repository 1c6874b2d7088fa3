"""Mails: how many a second reach a mail server, and how soon one that somebody waits for does when thousands of others wait."""

import datetime as dt
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.conf import settings

from approvals.models import Request
from bench import data
from bench.house import House
from bench.report import Result, p95
from bench.servers import stop_tree
from core import clock, links, outbox as messages
from core.models import Link, OutboxMessage
from users.models import User

PLAIN, ASKED, OTHERS, URGENT = 4_000, 2_000, 10_000, 60
EVERY_SECONDS = 0.2
PROCESSES = 2
PATIENCE_SECONDS = 300


class Post:
    """The mail server, in a process of its own, and what it has written down: when each message came, by uuid."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_text("")
        command = [sys.executable, "-m", "bench.mail_server", str(path)]
        self.process = subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline()) if self.process.stdout else 0

    def came(self) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {}
        for line in self.path.read_text().splitlines():
            at, uuid = line.split()
            found.setdefault(uuid, []).append(float(at))
        return found

    def wait_for(self, uuids: set[str]) -> dict[str, list[float]]:
        """Raises: TimeoutError when one does not come."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            if uuids <= (came := self.came()).keys():
                return came
            time.sleep(0.2)
        raise TimeoutError(f"{len(uuids - self.came().keys())} of {len(uuids)} mails never came")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def outbox(house: House) -> Iterator[Result]:
    """Everything that other groups have left is taken for delivered first."""
    post = Post(house.base / "mails.log")
    environment = {**data.environment(house.base), "EMAIL_URL": f"smtp://127.0.0.1:{post.port}"}
    try:
        _forget()
        yield _rate("mails a second, plain ones", post, environment, _others(PLAIN))
        yield _rate("mails a second, requests for approval", post, environment, [_asked() for _number in range(ASKED)])
        yield _behind_others(post, environment)
    finally:
        post.stop()
        _forget()


def _forget() -> None:
    OutboxMessage.objects.filter(delivered_at=None).update(delivered_at=clock.now())
    data.forget_redis()


def _others(number: int) -> list[OutboxMessage]:
    person = User.objects.get(username="rep")
    return messages.emit_all("users.account_changed", [{"user_id": person.pk, "change": "password_changed"}] * number)


def _asked() -> OutboxMessage:
    """An open request is put to its approver once more."""
    waiting = Request.objects.filter(status="pending", is_open=True, approver__is_active=True)
    asked = waiting.select_related("approver").order_by("pk")[0]
    link = links.issue(
        Link.Purpose.APPROVAL, asked.pk, expires_at=clock.now() + dt.timedelta(days=1), person_id=asked.approver_id
    )
    return messages.emit("approval.requested", request_id=asked.pk, user_id=asked.approver_id or 0, link_id=link.pk)


def _rate(work: str, post: Post, environment: dict[str, str], sent: list[OutboxMessage]) -> Result:
    """Two processes drain, as many as a worker of `compose.yaml` has; from the first mail's arrival to the last one's."""
    data.forget_redis()  # nobody else has been told
    with ThreadPoolExecutor(PROCESSES) as pool:
        for done in [pool.submit(data.manage, environment, "outbox_drain") for _process in range(PROCESSES)]:
            done.result()
    came = post.wait_for({str(message.uuid) for message in sent})
    times = sorted(at for message in sent for at in came[str(message.uuid)])
    seconds = times[-1] - times[0]
    return Result(work, value=(len(times) - 1) / seconds, note=f"{len(times):,} mails in {seconds:.1f} s, {len(sent):,} messages")


def _behind_others(post: Post, environment: dict[str, str]) -> Result:
    """The workers of the Procfile, busy with the others, and every now and then a mail of an approval."""
    workers = [_worker(environment, name) for name in ("worker", "urgent")]
    try:
        first = _asked()
        post.wait_for({str(first.uuid)})  # both are up
        others = _others(OTHERS)
        sent = []
        for _number in range(URGENT):
            time.sleep(EVERY_SECONDS)
            sent.append((_asked(), time.time()))
        still = OutboxMessage.objects.filter(delivered_at=None, is_urgent=False).count()
        came = post.wait_for({str(message.uuid) for message, _at in sent})
        waits = [came[str(message.uuid)][0] - at for message, at in sent]
        every = post.wait_for({str(message.uuid) for message in others})
    finally:
        for worker in workers:
            stop_tree(worker)
    seconds = max(every[str(message.uuid)][0] for message in others) - sent[0][1]
    note = f"{still:,} of {OTHERS:,} still waited at the end; slowest {max(waits):.2f} s; the others took {seconds:.0f} s"
    return Result("approval mail behind 10,000 others, p95", [wait * 1000 for wait in waits], value=p95(waits), note=note)


def _worker(environment: dict[str, str], name: str) -> "subprocess.Popen[bytes]":
    """As the Procfile starts it, without the loop around it."""
    lines = (settings.BASE_DIR / "Procfile").read_text().splitlines()
    line = next(line for line in lines if line.startswith(f"{name}:"))
    command = shlex.split(line.partition("until ")[2].partition(";")[0])
    log = (Path(environment["VAR_DIR"]) / f"{name}.log").open("wb")
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
