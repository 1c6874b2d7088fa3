"""Works side by side: ours and the floor in turns, then ours at the counting server."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from bench import counting
from bench.client import Answer, Client
from bench.house import House
from bench.measure import ROUNDS, WARM, in_turns
from bench.report import Result

COUNTED = 2
"""Calls to the counting server after the timed ones; the last one is told."""
NEEDED = WARM + ROUNDS + COUNTED
Ask = Callable[[Client, int], Answer]


@dataclass(frozen=True)
class Work:
    """A work by its name in the budgets: who asks ours and the floor, and how, in the given round."""

    name: str
    client: Client
    ours: Ask
    floor_client: Client | None = None
    floor: Ask | None = None


def compare(house: House, works: Sequence[Work], rounds: int = ROUNDS) -> dict[str, Result]:
    """All of them in turns, then each at the counting server."""
    calls: dict[str, Callable[[int], float]] = {}
    servers = {}
    for work in works:
        calls[work.name] = lambda number, work=work: work.ours(work.client, number).ms  # type: ignore[misc]
        servers[work.name] = house.server_of(work.client)
        if work.floor and work.floor_client:
            servers[f"{work.name} floor"] = house.floor
            calls[f"{work.name} floor"] = lambda number, work=work: work.floor(work.floor_client, number).ms  # type: ignore[misc]
    times = in_turns(calls, servers, rounds)
    return {
        work.name: Result(
            work.name,
            ours_ms=times.ms[work.name],
            floor_ms=times.ms.get(f"{work.name} floor", []),
            sql=_count(house, work, WARM + rounds),
            cpu_ms=times.cpu_ms[work.name],
            floor_cpu_ms=times.cpu_ms.get(f"{work.name} floor"),
            peak_mib=times.peak_mib[work.name],
        )
        for work in works
    }


def _count(house: House, work: Work, after: int) -> int | None:
    if house.server_of(work.client) is not house.ours:
        return None
    client = work.client.at(house.counting.port)
    counts = [work.ours(client, after + number).headers[counting.HEADER] for number in range(COUNTED)]
    return int(counts[-1])


def against(work: str, one: Result, other: Result) -> Result:
    """How many times as long one takes as the other, measured in the same turns."""
    return Result(work, value=median(one.ours_ms) / median(other.ours_ms))
