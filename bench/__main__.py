"""`python -m bench`: measure everything, print a table, say whether a must was missed by more than a quarter."""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.report import Result, exit_code, table

if TYPE_CHECKING:
    from bench.house import House

ROOT = Path(__file__).resolve().parent.parent
ACCOUNTS, PRODUCTS, QUOTES, CASES, FEW, MANY = 100_000, 100_000, 20_000, 100_000, 1_000, 1_000_000


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_ignored: sys.exit(143))  # so that servers and databases are cleaned up
    place = Path(os.environ.get("VAR_DIR", ROOT / "var")) / "bench" if options.keep else Path(tempfile.mkdtemp(prefix="bench-"))
    (place / "var").mkdir(parents=True, exist_ok=True)
    _set_up_django(place)
    from bench import data

    missing = data.unreachable()
    if missing:
        print(f"{missing} does not answer; docs/performance.md says how to name another one.", file=sys.stderr)
        return 2
    try:
        print(f"{data.durability()}; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}", flush=True)
        _fill(place, options)
        results, failures = _measure(place, options)
    finally:
        _clean_up(place, options)
    print(table(results), flush=True)
    if options.json:
        Path(options.json).write_text(
            json.dumps([result.as_json() for result in results], indent=1, ensure_ascii=False), encoding="utf-8"
        )
    for name in failures:
        print(f"NOT MEASURED: {name}", file=sys.stderr)
    return 2 if failures else exit_code(results)


def _options(arguments: list[str]) -> Any:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", default="", help="write the results to this file as well")
    parser.add_argument("--rows", type=int, default=0, choices=[0, ACCOUNTS, MANY], help="1000000: the lists over that many too")
    parser.add_argument("--only", default="", help="groups to measure, with commas between them")
    parser.add_argument("--keep", action="store_true", help="keep the data sets, and use those of the last run")
    parser.add_argument("--table", default="", help="write the table to this file after each group")
    return parser.parse_args([argument for argument in arguments if argument])


def _set_up_django(place: Path) -> None:
    """This process is one of ours too: it makes drafts and reads what a call needs to know."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "crm.settings"
    os.environ.update({"SECRET_KEY": "bench", "DEMO": "1", "LOG_LEVEL": "ERROR", "VAR_DIR": str(place / "var")})
    os.environ["DATABASE_URL"] = os.environ.get("BENCH_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/crm_bench")
    os.environ["REDIS_URL"] = os.environ.get("BENCH_REDIS_URL", "redis://127.0.0.1:6379/14")
    import django

    django.setup()


def _fill(place: Path, options: Any) -> None:
    from bench import data

    groups = _groups(options)
    data.collect_static(place)
    one_after_the_other: list[list[tuple[str, Callable[[], None]]]] = [
        [
            ("", lambda: data.fill_ours(place, "", accounts=ACCOUNTS, products=PRODUCTS, quotes=QUOTES, cases=CASES)),
            ("floor", lambda: data.fill_floor(place)),
        ],
        [("1000", lambda: data.fill_ours(place, "1000", accounts=FEW))],
    ]
    if "search" in groups:
        one_after_the_other[1].append(("sqlite", lambda: data.fill_ours(place, None, accounts=ACCOUNTS)))
    if options.rows == MANY:
        one_after_the_other[1].append(("1000000", lambda: data.fill_ours(place, "1000000", accounts=MANY)))
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(_fill_each, place, steps) for steps in one_after_the_other]:
            done.result()
    if "file" in groups:
        data.copy("1000", "file")


def _fill_each(place: Path, steps: list[tuple[str, Callable[[], None]]]) -> None:
    """A data set that is complete has a mark; one that was kept only gets the tables of today."""
    from bench import data

    for name, fill in steps:
        mark = place / f"filled-{name or 'ours'}"
        if mark.exists() and (name == "sqlite" or data.exists(name)):
            data.bring_up_to_date(place, name)
            continue
        began = time.perf_counter()
        fill()
        mark.touch()
        print(f"data of {name or 'ours'}: {time.perf_counter() - began:.0f} s", flush=True)


def _groups(options: Any) -> "dict[str, Callable[[House], Iterator[Result]]]":
    from bench import drafting, entering, lists, machine, moves, outbox, rules, sync, waiting

    groups: dict[str, Callable[[House], Iterator[Result]]] = {
        "create": drafting.create,
        "change": drafting.change,
        "editor": drafting.change_in_editor,
        "type-ahead": entering.type_ahead,
        "paste": entering.paste,
        "read": drafting.read,
        "rules": rules.rules,
        "load": machine.load,
        "moves": moves.moves,
        "lists": lists.lists,
        "search": lists.search,
        "cases": lists.cases,
        "pdf": machine.pdf,
        "file": sync.customer_file,
        "sync": sync.master,
        "outbox": outbox.outbox,
        "waiting": waiting.waiting,
        "idle": machine.idle,
        "start": machine.first_page,
    }
    names = [name for name in options.only.split(",") if name]
    return {name: group for name, group in groups.items() if not names or name in names}


def _measure(place: Path, options: Any) -> tuple[list[Result], list[str]]:
    """All groups one after the other; one that fails is named and does not stop the others."""
    from bench.house import House

    results: list[Result] = []
    failures: list[str] = []
    groups = _groups(options)
    with House(place, sqlite="search" in groups, millions=options.rows == MANY) as house:
        for name, group in groups.items():
            began = time.perf_counter()
            try:
                results.extend(group(house))
            except Exception:
                traceback.print_exc()
                failures.append(name)
            print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
            if options.table:
                Path(options.table).write_text(table(results) + "\n", encoding="utf-8")
    return results, failures


def _clean_up(place: Path, options: Any) -> None:
    from django.db import connections

    from bench import data

    connections.close_all()
    data.forget_redis()
    data.drop("file")
    data.drop("sync")
    if options.keep:
        return
    for name in ("", "floor", "1000", "1000000"):
        data.drop(name)
    shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
