"""What is not one call against another: load, documents, files, memory, the first page."""

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from statistics import median

from django.conf import settings

from bench import data
from bench.client import Client
from bench.house import House
from bench.measure import ROUNDS, WARM, Call, in_turns
from bench.report import Result, p95
from bench.servers import Server, free_port, stop_tree, wait_for
from quotes import documents, selectors, typesetting
from quotes.paper import paper_of
from users.models import User

CONNECTIONS = 4
SECONDS = 4


def load(house: House) -> Iterator[Result]:
    """The editor page asked for by several people at once: ours and the floor in turns, a few seconds each."""
    ours, floor = house.drafts.ours(20, 1)[0].pk, house.drafts.floor(20, 1)[0].pk
    asked = ((house.ours, house.rep, f"/quotes/{ours}/"), (house.floor, house.floor_rep, f"/quotes/{floor}/"))
    times: list[list[float]] = [[], []]
    cpu, seconds = [0.0, 0.0], [0.0, 0.0]
    for turn in range(3):
        for index, (server, client, path) in enumerate(asked):
            before, began = server.cpu_ms(), time.perf_counter()
            found = _crowd(client, path, 1 if turn == 0 else SECONDS)
            if turn:  # the first turn wakes every thread up
                times[index] += found
                cpu[index] += server.cpu_ms() - before
                seconds[index] += time.perf_counter() - began
    rates = [len(each) / spent for each, spent in zip(times, seconds, strict=True)]
    each = [spent / len(calls) for spent, calls in zip(cpu, times, strict=True)]
    note = f"floor {rates[1]:.0f} req/s"
    name = "editor page under load"
    yield Result(name, times[0], times[1], value=rates[0], cpu_ms=each[0], floor_cpu_ms=each[1], note=note)
    yield Result("editor page under load: p95 against p50", value=p95(times[0]) / median(times[0]))


def _crowd(client: Client, path: str, seconds: float) -> list[float]:
    """What each of the calls took that several connections made within these seconds."""
    until = time.perf_counter() + seconds
    found: list[float] = []

    def one() -> None:
        mine = client.at(client.port)
        while time.perf_counter() < until:
            found.append(mine.get(path).ms)

    threads = [threading.Thread(target=one) for _number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def pdf(house: House) -> Iterator[Result]:
    """The document of another draft each time, against Typst alone with the same template and the same data."""
    import typst

    rep = User.objects.get(username="rep")
    compiler, template = typesetting._compiler(typst), str(settings.BASE_DIR / "templates" / "quotes" / "document.typ")

    def bare(data: str) -> float:
        began = time.perf_counter()
        compiler.compile(input=template, format="pdf", pdf_standards=["ua-1"], sys_inputs={"data": data})
        return (time.perf_counter() - began) * 1000

    for lines in (20, 200):
        drafts = house.drafts.ours(lines, WARM + ROUNDS)
        printed = [_printed(rep, draft.pk) for draft in drafts]
        calls: dict[str, Call] = {
            "ours": lambda number, drafts=drafts: house.rep.get(f"/quotes/{drafts[number].pk}/document.pdf?language=en").ms,  # type: ignore[misc]
            "bare": lambda number, printed=printed: bare(printed[number]),  # type: ignore[misc]
        }
        times = in_turns(calls, {"ours": house.ours})
        cpu_ms, peak_mib = times.cpu_ms["ours"], times.peak_mib["ours"]
        yield Result(f"PDF, {lines} lines", times.ms["ours"], times.ms["bare"], cpu_ms=cpu_ms, peak_mib=peak_mib)


def _printed(rep: User, quote: int) -> str:
    """What the template gets of a draft."""
    content, parties = documents.draft_of(selectors.quote_for(rep, quote))
    return json.dumps(paper_of(content, parties, "en", draft=True), ensure_ascii=False)


def idle(house: House) -> Iterator[Result]:
    """Fresh servers after a page of each worker; what processes share counts for each of them."""
    sizes = []
    for wsgi, module in (("crm.wsgi:application", "crm.settings"), ("bench.floor.wsgi:application", "bench.floor.settings")):
        server = Server(wsgi, module, data.environment(house.base), house.base / "idle.log", "/login/")
        try:
            for _number in range(20):
                Client(server.port).get("/login/")
            sizes.append(server.rss_mib())
        finally:
            server.stop()
    yield Result("web idle, 2 workers", value=sizes[0], note=f"floor {sizes[1]:.0f} MiB")


def first_page(house: House) -> Iterator[Result]:
    """`make run` with everything installed and an empty place for data: seconds until a page is there."""
    place = house.base / "first"
    shutil.rmtree(place, ignore_errors=True)  # of the run before, which kept its data
    port = free_port()
    environment = data.environment(house.base, None) | {"VAR_DIR": str(place), "PORT": str(port)}
    began = time.perf_counter()
    process = subprocess.Popen(
        ["make", "run", f"VAR_DIR={place}", f"PORT={port}", *data.INSTALLED],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=(house.base / "first.log").open("wb"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        wait_for(port, "/login/", process, seconds=300)
        yield Result("packages in place to first page", value=time.perf_counter() - began)
    finally:
        stop_tree(process)
