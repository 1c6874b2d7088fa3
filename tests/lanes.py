"""`make test`: the suite on SQLite, and at the same time on PostgreSQL and Redis where they answer; told one after the other."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

import psycopg2
import redis

POSTGRESQL = "postgres://postgres@127.0.0.1:5432/crm"
ELSEWHERE = "ONCE_IS_ENOUGH"
"""Tests that have nothing to do with the database are left to the other lane."""
REDIS = "redis://127.0.0.1:6379/15"
DEPLOYMENT = ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "DEBUG", "DEMO", "SECRET_KEY", "ALLOWED_HOSTS", "SITE_URL", "PORT")


def main(arguments: list[str]) -> int:
    required = os.environ.get("REQUIRE_ALL") == "1"
    lanes: list[dict[str, str]] = [{}]
    database, broker = _postgresql(), _redis()
    if database:
        more = {"REDIS_URL": broker} if broker else {}
        lanes = [{ELSEWHERE: "1"}, {"DATABASE_URL": database, "SECRET_KEY": "tests", ELSEWHERE: "1", **more}]
    for name, url in (("PostgreSQL", database), ("Redis", broker)):
        if url is None and required:
            print(f"REQUIRE_ALL is set and {name} does not answer.", file=sys.stderr)
            return 2
        if url is None:
            print(f"{name} does not answer: left out.")
    runs = [_start(lane, arguments) for lane in lanes]
    return max([_told(*run) for run in runs])


def _start(lane: dict[str, str], arguments: list[str]) -> tuple[str, "subprocess.Popen[str]", IO[str]]:
    """The suite of a lane under way, with files of its own; what it says is kept until it is its turn."""
    environment = {name: value for name, value in os.environ.items() if name not in DEPLOYMENT}
    name = "PostgreSQL" if "DATABASE_URL" in lane else "SQLite"
    files = Path(os.environ.get("VAR_DIR", "var")).resolve() / f"test-{name.lower()}"
    said = tempfile.TemporaryFile("w+")  # noqa: SIM115  read when it is told
    command = [sys.executable, "-m", "pytest", "-o", f"cache_dir={files / 'pytest'}", *arguments]
    run = subprocess.Popen(
        command, env={**environment, **lane, "VAR_DIR": str(files)}, stdout=said, stderr=subprocess.STDOUT, text=True
    )
    return f"{name}{' with Redis' if 'REDIS_URL' in lane else ''}", run, said


def _told(name: str, run: "subprocess.Popen[str]", said: IO[str]) -> int:
    """The exit code, when the lane has ended and its output is printed."""
    print(f"\nThe tests on {name} …", flush=True)
    code = run.wait()
    said.seek(0)
    sys.stdout.writelines(said)
    sys.stdout.flush()
    return code


def _postgresql() -> str | None:
    """The server of `TEST_DATABASE_URL`, else a local one; None when none answers. A named one has to answer."""
    named = os.environ.get("TEST_DATABASE_URL")
    try:
        psycopg2.connect((named or POSTGRESQL).rpartition("/")[0] + "/postgres", connect_timeout=3).close()
    except psycopg2.OperationalError:
        if named:
            raise
        return None
    return named or POSTGRESQL


def _redis() -> str | None:
    """The server of `TEST_REDIS_URL`, else database 15 of a local one; None when none answers. Its contents are lost."""
    named = os.environ.get("TEST_REDIS_URL")
    try:
        redis.Redis.from_url(named or REDIS, socket_connect_timeout=3).ping()
    except redis.RedisError:
        if named:
            raise
        return None
    return named or REDIS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
