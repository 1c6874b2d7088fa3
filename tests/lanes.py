"""`make test`: the suite on SQLite, and again on PostgreSQL and Redis where they answer. Stops at the first lane that fails."""

import os
import subprocess
import sys

import psycopg2
import redis

POSTGRESQL = "postgres://postgres@127.0.0.1:5432/crm"
REDIS = "redis://127.0.0.1:6379/15"
DEPLOYMENT = ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "DEBUG", "DEMO", "SECRET_KEY", "ALLOWED_HOSTS", "SITE_URL", "PORT")


def main(arguments: list[str]) -> int:
    required = os.environ.get("REQUIRE_ALL") == "1"
    lanes: list[dict[str, str]] = [{}]
    database, broker = _postgresql(), _redis()
    if database:
        lanes.append({"DATABASE_URL": database, "SECRET_KEY": "tests", **({"REDIS_URL": broker} if broker else {})})
    for name, url in (("PostgreSQL", database), ("Redis", broker)):
        if url is None and required:
            print(f"REQUIRE_ALL is set and {name} does not answer.", file=sys.stderr)
            return 2
        if url is None:
            print(f"{name} does not answer: left out.")
    environment = {name: value for name, value in os.environ.items() if name not in DEPLOYMENT}
    for lane in lanes:
        print(f"\nThe tests on {'PostgreSQL' if lane else 'SQLite'}{' with Redis' if 'REDIS_URL' in lane else ''}", flush=True)
        code = subprocess.call([sys.executable, "-m", "pytest", *arguments], env={**environment, **lane})
        if code:
            return code
    return 0


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
