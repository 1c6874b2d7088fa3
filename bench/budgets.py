"""What the work may take: the must that care gives, and the goal. `python -m bench` fails when a must is missed by a quarter."""

from dataclasses import dataclass

TOLERANCE = 1.25
FLOOR, FIRST, MS, PER_SECOND, ROWS, MIB, SECONDS = "× floor", "×", "ms", "req/s", "rows/s", "MiB", "s"
MAILS = "mails/s"
TIMES = "× as fast"
MORE_IS_BETTER = {PER_SECOND, ROWS, TIMES, MAILS}


@dataclass(frozen=True)
class Budget:
    """`unit` says what is judged: a ratio to the floor, a ratio to other work of ours ("×"), or the figure itself.

    `sql`: the most statements; `goal_of_floor`: the goal is this many times what the floor takes, in ms.
    """

    work: str
    unit: str = FLOOR
    must: float | None = None
    goal: float | None = None
    sql: int | None = None
    goal_of_floor: float | None = None


BUDGETS = (
    Budget("create a quote, 20 lines", must=3, goal=1.5, sql=12),
    Budget("create a quote, 200 lines", must=3, goal=1.5, sql=12),
    Budget("change one line of 20", must=3, goal=1.5),
    Budget("change one line of 200", must=3, goal=1.5),
    Budget("change one line: 200 against 20 lines", FIRST, must=1.2),
    Budget("change one line of 20 in the editor", must=3, goal=1.5),
    Budget("change one line of 200 in the editor", must=3, goal=1.5),
    Budget("change one line in the editor: 200 lines against 1", FIRST, must=1.5),
    Budget("change one line of 1,000 in the editor", MS),
    Budget("type-ahead of products, a word of 100,000", MS, must=10),
    Budget("type-ahead of products, two words", MS, must=10),
    Budget("look at 200 pasted rows", MS, must=1_000),
    Budget("add 200 pasted rows", MS, must=1_000),
    Budget("open a quote by API, 20 lines", must=2, goal=1.3, sql=6),
    Budget("open a quote by API, 200 lines", must=2, goal=1.3, sql=6),
    Budget("open a quote by API, 1,000 lines", MS),
    Budget("editor page, 20 lines", must=3, goal=1.5),
    Budget("editor page, 200 lines", must=3, goal=1.5),
    Budget("editor page, 1,000 lines", MS),
    Budget("configuration of 200 lines by 500 rules", MS, must=20, sql=3),
    Budget("editor page under load", PER_SECOND, must=60, goal=100),
    Budget("editor page under load: p95 against p50", FIRST, goal=2),
    Budget("submit, 1 line", must=3, goal=1.5),
    Budget("submit, 200 lines", must=3, goal=1.5),
    Budget("submit: 200 lines against 1", FIRST, goal=1.1),
    Budget("approve, 1 line", must=3, goal=1.5),
    Budget("approve, 200 lines", must=3, goal=1.5),
    Budget("approve: 200 lines against 1", FIRST, goal=1.1),
    Budget("send, 1 line", must=3, goal=1.5),
    Budget("send, 200 lines", must=3, goal=1.5),
    Budget("send: 200 lines against 1", FIRST, goal=1.1),
    Budget("customer accepts, 20 lines", must=3, goal=1.5),
    Budget("customer accepts, 200 lines", must=3, goal=1.5),
    Budget("accounts, first 50 of 100,000", must=1.8, goal=0.9, sql=8),
    Budget("accounts, first 50, a rep's team", sql=8),
    Budget("accounts, first 50: 100,000 against 1,000", FIRST, must=1.2),
    Budget("accounts, first 50: 1,000,000 against 1,000", FIRST, must=1.2),
    Budget("accounts, a page at depth", must=1.8, goal=0.9, sql=8),
    Budget("accounts: a page at depth against the first", FIRST, must=1.2),
    Budget("accounts: a page at depth against the first, 1,000,000", FIRST, must=1.2),
    Budget("cases, first 50 of 100,000", must=4, sql=12),
    Budget("page of a case", MS, sql=15),
    Budget("page of a case, 500 products", MS, sql=15),
    Budget("report of 100,000 cases", MS, sql=15),
    Budget("search a part of a name, 100,000", must=1.5, goal=0.75),
    Budget("search a part of a name, 1,000,000", MS),
    Budget("search a part of a name, 100,000, SQLite", MS, must=100),
    Budget("PDF, 20 lines", MS, must=100, goal_of_floor=1.3),
    Budget("PDF, 200 lines", MS, must=350, goal_of_floor=1.3),
    Budget("customer file, 100,000 rows", ROWS, must=10_000, goal=50_000),
    Budget("customer master, first load", ROWS, must=100_000, goal=250_000),
    Budget("customer master, nothing changed", ROWS, must=250_000, goal=500_000),
    Budget("customer master, the same file again", ROWS),
    Budget("customer master, 1 % changed", ROWS, must=200_000, goal=450_000),
    Budget("customer master over HTTP, reading", ROWS, must=50_000),
    Budget("aggregation: two workers against one", TIMES, must=1.6),
    Budget("mails a second, plain ones", MAILS, must=200),
    Budget("mails a second, requests for approval", MAILS, must=200),
    Budget("approval mail behind 10,000 others, p95", SECONDS, must=2),
    Budget("inbox, 10,000 open requests", MS, sql=10),
    Budget("sweep of 100,000 open requests", SECONDS, must=10),
    Budget("web idle, 2 workers", MIB, must=250, goal=160),
    Budget("packages in place to first page", SECONDS, must=60, goal=15),
)
BY_WORK = {budget.work: budget for budget in BUDGETS}


def is_missed(value: float, limit: float, unit: str, tolerance: float = 1.0) -> bool:
    """Whether `value` is worse than `limit`, by more than `tolerance` allows."""
    return value < limit / tolerance if unit in MORE_IS_BETTER else value > limit * tolerance
