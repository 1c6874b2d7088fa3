"""Taking turns: each contender once per round, so that whatever slows the machine slows all of them."""

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.client import Answer
from bench.servers import Server

ROUNDS, WARM = 20, 5
Call = Callable[[int], float]
"""Does the work once, for the given round, and answers the milliseconds that count."""


@dataclass
class Times:
    """Milliseconds per contender, and of those with a server its CPU and the peak of its memory."""

    ms: dict[str, list[float]] = field(default_factory=dict)
    cpu_ms: dict[str, float] = field(default_factory=dict)
    peak_mib: dict[str, float] = field(default_factory=dict)


def in_turns(calls: Mapping[str, Call], servers: Mapping[str, Server], rounds: int = ROUNDS, warm: int = WARM) -> Times:
    """`warm` rounds that do not count, then `rounds` that do. `servers`: by the name of the contender that it serves."""
    times = Times(ms={name: [] for name in calls}, cpu_ms=dict.fromkeys(servers, 0.0))
    for number in range(warm):
        for call in calls.values():
            call(number)
    for server in servers.values():
        server.forget_peak()
    gc.collect()
    gc.disable()
    try:
        for number in range(warm, warm + rounds):
            for name, call in calls.items():
                before = servers[name].cpu_ms() if name in servers else 0.0
                times.ms[name].append(call(number))
                if name in servers:
                    times.cpu_ms[name] += (servers[name].cpu_ms() - before) / rounds
    finally:
        gc.enable()
    times.peak_mib = {name: server.peak_mib() for name, server in servers.items()}
    return times


def ms_of(answer: Answer) -> float:
    return answer.ms
