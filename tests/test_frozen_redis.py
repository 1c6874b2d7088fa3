"""Redis is gone or frozen while people submit quotes: nobody waits for it, and every mail arrives afterwards, once.

Real processes: a web server, a worker and a Redis of their own, and a mail server on loopback. `FROZEN_SUBMITS=200` makes it the
long form.
"""

import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test import Client

from bench.servers import free_port, wait_for
from core import outbox
from core.models import OutboxMessage
from core.tests.mail_servers import ScriptedServer, scripted
from quotes.models import Quote
from quotes.tests.factories import World, draft, make_world

SUBMITS = int(os.environ.get("FROZEN_SUBMITS", "4"))
AT_ONCE = 4
WITHIN_SECONDS = 2.0
PATIENCE_SECONDS = 60
TOKEN = "c" * 32
REDIS = shutil.which("redis-server")

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(REDIS is None, reason="no redis-server on this machine"),
]


class Redis:
    """A server of its own, that can be frozen, or gone for a while."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        command = [str(REDIS), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        with redis.Redis.from_url(self.url) as client:
            eventually(lambda: _answers(client))

    def out_of_order(self, how: str) -> None:
        if how == "frozen":
            self.process.send_signal(signal.SIGSTOP)
        else:
            self.stop()

    def in_order(self, how: str) -> None:
        if how == "frozen":
            self.process.send_signal(signal.SIGCONT)
        else:
            self.start()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def _answers(client: Any) -> bool:
    with contextlib.suppress(redis.RedisError):
        return bool(client.ping())
    return False


def eventually(is_so: Any) -> None:
    until = threading.Event()
    for _time in range(PATIENCE_SECONDS * 10):
        if is_so():
            return
        until.wait(0.1)
    raise AssertionError(f"not within {PATIENCE_SECONDS} s")


def environment(server: Redis, post: ScriptedServer) -> dict[str, str]:
    """That of a process which works on the database of the tests."""
    it = connection.settings_dict
    url = f"postgres://{it['USER']}:{it['PASSWORD']}@{it['HOST'] or 'localhost'}:{it['PORT'] or 5432}/{it['NAME']}"
    return os.environ | {
        "DATABASE_URL": url,
        "REDIS_URL": server.url,
        "EMAIL_URL": f"smtp://127.0.0.1:{post.port}",
        "SECRET_KEY": settings.SECRET_KEY,
        "DEMO": "1",
        "DJANGO_SETTINGS_MODULE": "crm.settings",
        "PYTHONWARNINGS": "ignore",
        "LOG_LEVEL": "CRITICAL",
    }


@contextlib.contextmanager
def running(*command: str, env: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=settings.BASE_DIR, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def session_of(world: World) -> str:
    client = Client()
    client.force_login(world.rep)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def submit(port: int, session: str, quote: Quote) -> tuple[int, float]:
    """(status, seconds) of one request as a browser sends it, by a session that the web server keeps in Redis."""
    headers = {
        "Cookie": f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={TOKEN}",
        "X-CSRFToken": TOKEN,
        "Content-Type": "application/json",
    }
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.perf_counter()
    line.request("POST", f"/api/v1/quotes/{quote.pk}/submit/", '{"reason": "Big customer"}', headers)
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer.status, time.perf_counter() - began


@pytest.mark.req("S0.24")
@pytest.mark.parametrize("how", ["refused", "frozen"])
def test_nobody_waits_for_a_redis_that_is_out_of_order_and_every_mail_arrives_once(how: str, capsys: Any) -> None:
    world = make_world()
    quotes = [draft(world, "45") for _number in range(SUBMITS)]
    session = session_of(world)
    server = Redis()
    try:
        with scripted() as post:
            env = environment(server, post)
            port = str(free_port())
            web = ("gunicorn", "crm.wsgi:application", "--bind", f"127.0.0.1:{port}", "--threads", "4", "--no-control-socket")
            worker = ("celery", "--quiet", "-A", "crm", "worker", "--concurrency", "1", "--loglevel", "CRITICAL")
            with running(*web, env=env) as serving, running(*worker, env=env):
                wait_for(int(port), "/healthz", serving, seconds=PATIENCE_SECONDS)
                server.out_of_order(how)
                with ThreadPoolExecutor(AT_ONCE) as people:
                    answers = list(people.map(lambda quote: submit(int(port), session, quote), quotes))
                assert [status for status, _seconds in answers] == [200] * SUBMITS
                assert max(seconds for _status, seconds in answers) < WITHIN_SECONDS
                written = {str(row.uuid) for row in OutboxMessage.objects.filter(topic="approval.requested")}
                assert (len(written), post.mails) == (SUBMITS, []), "every mail is a row, and nobody has heard of it"
                server.in_order(how)
                subprocess.run([sys.executable, "manage.py", "outbox_drain"], cwd=settings.BASE_DIR, env=env, check=True)
                eventually(lambda: not OutboxMessage.objects.filter(delivered_at=None).exists())
            assert outbox.drain() == 0
            assert Counter(map(post.uuid_of, post.mails)) == dict.fromkeys(written, 1)
    finally:
        server.stop()
    if SUBMITS > 20:
        with capsys.disabled():
            slowest = max(seconds for _status, seconds in answers)
            print(f"\nRedis {how}: {SUBMITS} submits, the slowest {slowest:.2f} s, {len(post.mails)} mails")  # noqa: T201
