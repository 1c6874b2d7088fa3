"""The customer master, read, checked, compared and applied by the command that people use: from files and over HTTP."""

import csv
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from bench import data
from bench.house import House
from bench.report import Result
from bench.servers import free_port, stop_tree, wait_for
from crm.demo_large.words import CITIES, FIRMS, STREETS, TRADES
from integration.price_manager_server import business_id

FILE_ROWS = 100_000
MASTER_ROWS = int(os.environ.get("SYNC_ROWS", "1000000"))
PER_PARENT = 5
PARTS = 8

COLUMNS = (
    "Customer_ID", "Customer_Name", "ASO_ID_2", "ASO_Name_2", "SalesPersonID", "SalesPersonName", "TMA_ID_1", "TMA_Name_1",
    "TMA_ID_2", "TMA_Name_2", "Industry", "Business_Size", "Classification", "Distribution_Channel", "SAP_Code",
    "Business_ID", "VAT_Number", "Street", "Postcode", "City", "Country", "Region_ID", "Revenue", "Volume", "Payment_Term",
    "CPQ_Flag",
)  # fmt: skip


def customer_file(house: House) -> Iterator[Result]:
    """A customer master that nobody has seen yet."""
    path = house.base / "customers.csv"
    write_customer_file(path, FILE_ROWS, FILE_ROWS // 2)
    report, peak = _synced(house, "file", "--file", str(path))
    path.unlink()
    yield _speed("customer file, 100,000 rows", report, peak, applied=FILE_ROWS)


def master(house: House) -> Iterator[Result]:
    """A large master: the first time, again in another order of rows, again as it was, with one row of a hundred changed."""
    data.copy("1000", "sync")
    path = house.base / "master.csv"
    rows = write_customer_file(path, MASTER_ROWS, MASTER_ROWS // PER_PARENT)
    yield _speed("customer master, first load", *_synced(house, "sync", "--file", str(path)), applied=rows)
    write_customer_file(path, MASTER_ROWS, MASTER_ROWS // PER_PARENT, backwards=True)
    yield _speed("customer master, nothing changed", *_synced(house, "sync", "--file", str(path)), applied=0)
    yield _speed("customer master, the same file again", *_synced(house, "sync", "--file", str(path)), applied=0)
    write_customer_file(path, MASTER_ROWS, MASTER_ROWS // PER_PARENT, changed=100)
    changed = _synced(house, "sync", "--file", str(path))
    yield _speed("customer master, 1 % changed", *changed, applied=rows // 100)
    path.unlink()
    yield from _in_parts(house)
    data.drop("sync")
    data.copy("1000", "sync")
    yield from _over_http(house)
    data.drop("sync")


def _speed(work: str, report: dict[str, Any], peak: float, *, applied: int) -> Result:
    if report["rows_applied"] != applied:
        raise ValueError(f"{work}: {report['rows_applied']} rows were applied, not {applied}")
    seconds = float(report["duration_s"])
    return Result(
        work, value=report["rows_read"] / seconds, peak_mib=peak, note=f"{report['rows_read']:,} rows in {seconds:.1f} s"
    )


def _synced(house: House, name: str, *source: str, **more: str) -> tuple[dict[str, Any], float]:
    """(the report, the most memory in MiB) of a run of the command."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "sync_customers", *source, "--json"]
    environment = {**data.environment(house.base, name), "DJANGO_SETTINGS_MODULE": "crm.settings", **more}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        printed = process.stdout.read() if process.stdout else ""
        _pid, _status, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    return json.loads(printed), usage.ru_maxrss / 1024


def _over_http(house: House) -> Iterator[Result]:
    """The loopback source, whose pages are made in a first round that only tries, is read again."""
    port = free_port()
    environment = {**data.environment(house.base, "sync"), "DJANGO_SETTINGS_MODULE": "crm.settings"}
    command = [
        sys.executable,
        str(settings.BASE_DIR / "manage.py"),
        "price_manager",
        "--port",
        str(port),
        "--rows",
        str(FILE_ROWS),
    ]
    source = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_for(port, "/api/products?limit=1", source)
        address = f"http://127.0.0.1:{port}"
        _synced(house, "sync", "--url", address, "--dry-run")
        report, peak = _synced(house, "sync", "--url", address, "--dry-run")
    finally:
        stop_tree(source)
    with_phases = _phases(house)
    seconds = with_phases["fetch"]
    yield Result(
        "customer master over HTTP, reading",
        value=FILE_ROWS / seconds,
        peak_mib=peak,
        note=f"{report['rows_read']:,} rows in {seconds:.1f} s",
    )


def _phases(house: House) -> dict[str, float]:
    code = (
        "from core.models import JobRun; import json; "
        "print(json.dumps({p['phase']: p['seconds'] for p in JobRun.objects.latest('pk').counts['phases']}))"
    )
    found: dict[str, float] = json.loads(
        data.manage(data.environment(house.base, "sync"), "shell", "-v0", "-c", code).splitlines()[-1]
    )
    return found


def _in_parts(house: House) -> Iterator[Result]:
    """The aggregation shared by two workers with a processor each, against one."""
    environment = data.environment(house.base, "sync") | {"POLARS_MAX_THREADS": "1"}
    seconds = [_worked(environment, workers) for workers in (1, 2)]
    note = f"{seconds[0]:.1f} s alone, {seconds[1]:.1f} s by two"
    yield Result("aggregation: two workers against one", value=seconds[0] / seconds[1], note=note)


_STAGE = f"""
from core import clock
from core.models import JobRun
from accounts.survivorship import DEFAULTS
from accounts.models import Site
from integration import customer_diff
from integration.services import parts
run = JobRun.objects.create(kind="bench", started_at=clock.now())
rows = customer_diff._stored_rows(list(Site.objects.filter(is_active=True).values_list("pk", flat=True)))
parts._stage(run.pk, rows.drop("site", "account"), list(DEFAULTS.values()), {PARTS})
print(run.pk)
"""
_WORK = """
import json, time
from integration.services import parts
began = time.time()
done = parts.parts_work({run})
print(json.dumps([began, time.time(), done]))
"""


def _worked(environment: dict[str, str], workers: int) -> float:
    """Seconds from the first worker's start to the last one's end."""
    run = data.manage(environment, "shell", "-v0", "-c", _STAGE).split()[-1]
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "shell", "-v0", "-c", _WORK.format(run=run)]
    more = {**environment, "DJANGO_SETTINGS_MODULE": "crm.settings"}
    processes = [subprocess.Popen(command, env=more, stdout=subprocess.PIPE, text=True) for _worker in range(workers)]
    times = [json.loads(process.communicate()[0].splitlines()[-1]) for process in processes]
    if sum(done for _began, _ended, done in times) != PARTS:
        raise ValueError(f"not every part was worked out: {times}")
    data.manage(environment, "shell", "-v0", "-c", f"from core.models import JobRun; JobRun.objects.get(pk={run}).delete()")
    return float(max(ended for _began, ended, _done in times) - min(began for began, _ended, _done in times))


def write_customer_file(path: Path, rows: int, parents: int, *, changed: int = 0, backwards: bool = False) -> int:
    """`rows` sites of `parents` customers, in the columns of the price manager, Finnish notation; answers how many. `changed`: of
    so many rows one has another revenue."""
    people = [(f"S{number:03d}", f"Myyjä {number}") for number in range(100, 150)]
    numbers = range(rows - 1, -1, -1) if backwards else range(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(COLUMNS)
        for number in numbers:
            parent = 8_000_000 + number % parents
            chance, business = random.Random(number), business_id(parent)
            city, postcode = chance.choice(CITIES)
            name = f"{FIRMS[parent % len(FIRMS)]} {TRADES[parent % len(TRADES)]} {parent} Oy"
            who = (f"9{number:07d}", f"{name} {city}", parent, name, *chance.choice(people))
            what = ("HORECA", "", "CANTEEN", "", "I56", "SMALL", "STANDARD", "DIRECT")
            ids = (f"00{number:08d}", business, f"FI{business.replace('-', '')}")
            revenue = f"{chance.randrange(1, 10**6)},{chance.randrange(10)}5"
            sums = ("7,77" if changed and number % changed == 0 else revenue, f"{chance.randrange(10**5)},5")
            writer.writerow((*who, *what, *ids, chance.choice(STREETS), postcode, city, "FI", "01", *sums, "net14", "Y"))
    return rows
