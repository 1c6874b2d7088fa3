"""The databases of a run: ours filled by the large demo, the floor's with the same customers, products and quotes."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg2
import redis
from django.conf import settings

SERVER = os.environ.get("BENCH_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/crm_bench")
REDIS = os.environ.get("BENCH_REDIS_URL", "redis://127.0.0.1:6379/14")
"""Their contents are lost."""
DEPLOYMENT = ("DATABASE_URL", "EMAIL_URL", "DEBUG", "SITE_URL", "PORT", "ALLOWED_HOSTS", "MAKEFLAGS", "MFLAGS", "MAKELEVEL")
_FLOOR_TABLES = {
    "auth_user (id, username, password, is_active, is_staff, is_superuser, first_name, last_name, email, date_joined)":
        "SELECT id, username, password, is_active, false, false, '', '', email, date_joined FROM users_user",
    "floor_account (id, name, number, category, city, revenue, status, owner_id)":
        "SELECT a.id, a.name, COALESCE(a.parent_customer_id, a.id::text), COALESCE(t.label_en, ''), a.city, a.yearly_revenue, "
        "a.status, a.owner_id FROM accounts_account a LEFT JOIN accounts_categorytma2 t ON t.id = a.tma2_id",
    "floor_product (id, sku, name, unit, list_price, vat_percent)":
        "SELECT p.id, p.sku, p.name_en, u.label_en, COALESCE(x.list_price, 0), v.rate FROM catalog_product p "
        "JOIN catalog_unitofmeasure u ON u.id = p.unit_id JOIN catalog_vatrate v ON v.id = p.vat_rate_id "
        "LEFT JOIN (SELECT product_id, max(list_price) AS list_price FROM catalog_price GROUP BY 1) x ON x.product_id = p.id",
    "floor_quote (id, account_id, owner_id, status, net_total, gross_total, created_at)":
        "SELECT id, account_id, owner_id, status, net_total, gross_total, created_at FROM quotes_quote",
    "floor_line (id, quote_id, position, product_id, quantity, list_price, discount_percent, vat_percent, line_net)":
        "SELECT id, quote_id, position, product_id, quantity, list_price, CASE discount_kind WHEN 'percent' THEN discount_value "
        "ELSE 0 END, vat_percent, line_net FROM quotes_quoteline WHERE product_id IS NOT NULL",
}  # fmt: skip


def url(name: str = "") -> str:
    """The address of a database of this run: "" is ours, "floor", "1000", "1000000"."""
    return f"{SERVER}_{name}" if name else SERVER


def environment(base: Path, name: str | None = "") -> dict[str, str]:
    """What a process of ours runs in; None as the name: the embedded default, SQLite without Redis."""
    kept = {key: value for key, value in os.environ.items() if key not in (*DEPLOYMENT, "REDIS_URL")}
    kept |= {"SECRET_KEY": "bench", "DEMO": "1", "LOG_LEVEL": "ERROR", "PYTHONUTF8": "1"}
    if name is None:
        return kept | {"VAR_DIR": str(base / "sqlite")}
    return kept | {
        "VAR_DIR": str(base / "var"),
        "DATABASE_URL": url(name),
        "REDIS_URL": REDIS,
        "FLOOR_DATABASE_URL": url("floor"),
    }


def manage(environment: dict[str, str], *arguments: str) -> str:
    """Run `manage.py`; answers what it printed. Raises: RuntimeError with its errors."""
    done = subprocess.run(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments],
        env={**environment, "DJANGO_SETTINGS_MODULE": "crm.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"manage.py {' '.join(arguments)}: {done.stderr[-2000:]}")
    return done.stdout


INSTALLED = ("-o", ".venv/.installed", "-o", "node_modules/.installed")
"""Arguments of `make`: what is installed stays as it is."""


def collect_static(base: Path) -> None:
    """Static files as the servers read them, once for both places of data."""
    (base / "sqlite").mkdir(exist_ok=True)
    static = base / "var" / "static"
    subprocess.run(
        ["make", "--silent", f"{static}/.collected", f"VAR_DIR={base / 'var'}", *INSTALLED],
        cwd=settings.BASE_DIR,
        env=environment(base) | {"VAR_DIR": str(base / "var")},
        check=True,
    )
    linked = base / "sqlite" / "static"
    if not linked.exists():
        linked.symlink_to(static)


def exists(name: str = "") -> bool:
    with _maintenance() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_name(name)])
        return cursor.fetchone() is not None


def create(name: str = "") -> None:
    """An empty database; an old one of the same name is gone."""
    drop(name)
    with _maintenance() as cursor:
        cursor.execute(f'CREATE DATABASE "{_name(name)}"')


def copy(source: str, name: str) -> None:
    """A database with the contents of another one; whoever uses that one is sent away."""
    drop(name)
    with _maintenance() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [_name(source)])
        cursor.execute(f'CREATE DATABASE "{_name(name)}" TEMPLATE "{_name(source)}"')


def drop(name: str = "") -> None:
    with _maintenance() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{_name(name)}" WITH (FORCE)')


def unreachable() -> str:
    """The service that does not answer; "" when all do."""
    try:
        durability()
    except psycopg2.OperationalError:
        return "PostgreSQL"
    try:
        redis.Redis.from_url(REDIS, socket_connect_timeout=3).ping()
    except redis.RedisError:
        return "Redis"
    return ""


def durability() -> str:
    """The server and what it promises: `fsync` and `synchronous_commit` have to be on for the figures to count."""
    with _maintenance() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')"
        )
        version, fsync, commit = cursor.fetchone() or ("", "", "")
        return f"PostgreSQL {version}, fsync {fsync}, synchronous_commit {commit}"


def forget_redis() -> None:
    redis.Redis.from_url(REDIS).flushdb()


def _name(name: str) -> str:
    return url(name).rpartition("/")[2].partition("?")[0]


class _maintenance:  # noqa: N801  used as a function
    """A cursor on the server's own database, outside a transaction."""

    def __enter__(self) -> "psycopg2.extensions.cursor":
        self.connection = psycopg2.connect(SERVER.rpartition("/")[0] + "/postgres")
        self.connection.autocommit = True
        return self.connection.cursor()

    def __exit__(self, *error: object) -> None:
        self.connection.close()


def fill_ours(base: Path, name: str | None, *, accounts: int, products: int = 0, quotes: int = 0, cases: int = 0) -> None:
    """A database of ours, migrated, with the large demo in these sizes."""
    where = environment(base, name)
    if name is not None:
        create(name)
    manage(where, "migrate", "--verbosity", "0")
    sizes = {"accounts": accounts, "products": products, "quotes": quotes, "cases": cases}
    manage(where, "demo", "--size", "large", *(word for what, size in sizes.items() for word in (f"--{what}", str(size))))


def bring_up_to_date(base: Path, name: str) -> None:
    """What was kept of an earlier run, with the tables of today; the floor has its own and stays."""
    if name != "floor":
        manage(environment(base, None if name == "sqlite" else name), "migrate", "--verbosity", "0")


def fill_floor(base: Path) -> None:
    """The floor's database with the same people, customers, products and quotes as ours, and a trigram index."""
    create("floor")
    where = {**environment(base), "DJANGO_SETTINGS_MODULE": "bench.floor.settings", "PYTHONPATH": str(settings.BASE_DIR)}
    for step in ((), ("--run-syncdb",)):  # people first: the floor's own tables refer to them
        subprocess.run([sys.executable, "-m", "django", "migrate", "--verbosity", "0", *step], env=where, check=True)
    ours, floor = psycopg2.connect(url()), psycopg2.connect(url("floor"))
    with ours, floor, ours.cursor() as source, floor.cursor() as target:
        for table, select in _FLOOR_TABLES.items():
            with tempfile.TemporaryFile() as file:
                source.copy_expert(f"COPY ({select}) TO STDOUT", file)
                file.seek(0)
                target.copy_expert(f"COPY {table} FROM STDIN", file)
            name = table.partition(" ")[0]
            target.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")
        target.execute("SET CONSTRAINTS ALL IMMEDIATE")
        target.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        target.execute("CREATE INDEX floor_account_search ON floor_account USING gin (name gin_trgm_ops)")
    floor.autocommit = True
    with floor.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    ours.close()
    floor.close()
