"""Makes the cells of `tests.access_policy`, address × role × relation × method × face, tries each, and answers the wrong ones.

Every check returns sentences. The tests want none; the tests that open a hole on purpose want some.
"""

import functools
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.core.files import File
from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests import access_world
from tests.access_policy import (
    ANONYMOUS,
    CROSSED,
    CROSSED_MISSING,
    EVERYBODY,
    LIBRARY,
    MISSING,
    POLICY,
    RELATIONS,
    RIGHTS,
    SEES_MARGIN,
    SIGHT,
    Address,
    Use,
)  # fmt: skip
from tests.access_world import World
from tests.hidden_numbers import told_by
from tests.table_states import Watch, state

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

FACES: dict[str, dict[str, str]] = {
    "page": {},
    "htmx": {"HX-Request": "true", "HX-Current-URL": "http://testserver/"},
    "json": {"Accept": "application/json"},
}
PAGE, HTMX, JSON = FACES
FORM = "application/x-www-form-urlencoded"
TOKEN, SESSION, READ_TOKEN = "a program", "a program with a session", "a program that may read"

Wrong = list[str]


# --- Addresses --------------------------------------------------------------------------------------------------------
def addresses() -> dict[str, URLPattern]:
    """Every address of the resolver by its name, with namespaces."""
    return _addresses(get_resolver())


@functools.cache
def _addresses(resolver: URLResolver) -> dict[str, URLPattern]:
    return dict(walk(resolver.url_patterns))


def walk(patterns: Any, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from walk(pattern.url_patterns, inner)
        else:
            yield f"{namespace}{pattern.name or pattern.pattern}", pattern


def is_of_admin(name: str) -> bool:
    return name.startswith("admin:")


def own_addresses() -> list[str]:
    return sorted(name for name in addresses() if name not in LIBRARY and not is_of_admin(name))


def wrong_rows() -> Wrong:
    """Addresses without a row, rows without an address, and two addresses of one name, of which a table sees only one."""
    names = Counter(name for name, _pattern in walk(get_resolver().url_patterns) if not is_of_admin(name))
    known = POLICY.keys() | LIBRARY.keys()
    return [
        *(f"{name}: not in the table" for name in sorted(names.keys() - known)),
        *(f"{name}: in the table, but there is no such address" for name in sorted(known - names.keys())),
        *(f"{name}: the name of {count} addresses" for name, count in sorted(names.items()) if count > 1),
        *(f"{name}: has {methods}, the table says otherwise" for name, methods in wrong_actions()),
    ]


def wrong_actions() -> Iterator[tuple[str, str]]:
    """Endpoints whose actions are for other methods than those of their row."""
    for name, pattern in addresses().items():
        actions = getattr(pattern.callback, "actions", None)
        if actions is not None and name in POLICY:
            methods = {method.upper() for method in actions} | ({"HEAD"} if "get" in actions else set())
            if methods != set(POLICY[name].methods.split()):
                yield name, " ".join(sorted(methods))


# --- Cells ------------------------------------------------------------------------------------------------------------
# Every role × method that a row names is tried, and every relation by every kind of role. Four things take turns: the faces, of
# which a cell shows one; HEAD and OPTIONS, which every fourth role tries; the methods that there are not, of which every other
# role tries one; and for these, and for whoever does not pass the door, one relation stands for all.
class Cell(NamedTuple):
    """One request of the matrix."""

    name: str
    use: Use
    role: str
    relation: str
    method: str
    face: str

    def __str__(self) -> str:
        fixed = "".join(f" {value}" for value in self.use.fixed.values())
        return f"{self.name}{fixed}: {self.method} of a record {self.relation} by {self.role}, as {self.face}"


LOG_IN, FORBIDDEN, ABSENT, NOT_FOUND, ALLOWED = "log in", "forbidden", "no such method", "not found", "allowed"


def cells(name: str, row: Address) -> Iterator[Cell]:
    """Every cell of a row. Of roles to whom the row says the same in everything, one goes through all relations."""
    thorough = in_depth(name, row)
    for use in row.uses:
        for turn, role in enumerate(sorted(EVERYBODY)):
            for method in methods(row, turn):
                met = [Cell(name, use, role, relation, method, PAGE) for relation in relations(row, use, role, method)]
                for cell in met if role in thorough else _furthest(met, row):
                    yield from (cell._replace(face=face) for face in faces(cell, row, turn))


def _furthest(met: list[Cell], row: Address) -> list[Cell]:
    """The one of these that gets furthest; where none is let in or refused, a missing record."""
    verdicts = [expected(cell, row) for cell in met]
    found = next((verdicts.index(verdict) for verdict in (ALLOWED, FORBIDDEN) if verdict in verdicts), -1)
    return met[found:][:1]


def in_depth(name: str, row: Address) -> set[str]:
    """One role of all to whom a row says the same; which one it is, differs from address to address."""
    alike: dict[Any, list[str]] = {}
    for role in sorted(EVERYBODY):
        alike.setdefault((role in SEES_MARGIN, *verdicts(name, row, role)), []).append(role)
    return {roles[sum(name.encode()) % len(roles)] for roles in alike.values()}


def verdicts(name: str, row: Address, role: str) -> Iterator[str]:
    """What a row says to a role, relation by relation."""
    for use in row.uses:
        for method in row.methods.split():
            for relation in relations(row, use, role, method):
                yield expected(Cell(name, use, role, relation, method, TOKEN if row.is_api else PAGE), row)


def methods(row: Address, turn: int) -> Iterator[str]:
    """The methods that there are, and one of those that there are not."""
    there = row.methods.split()
    absent = [method for method in METHODS if method not in there]
    yield from (method for method in there if method not in ("HEAD", "OPTIONS") or turn % 4 == 0)
    if turn % 2:
        yield absent[turn // 2 % len(absent)]


def relations(row: Address, use: Use, role: str, method: str) -> Iterator[str]:
    """What the record is to this person, one after another. Who does not get as far as the record meets one of the first use."""
    exists = method in row.methods.split()
    if not exists or role not in row.door(method):
        yield from () if use is not row.uses[0] else (RELATIONS[use.kind][-1],)
    elif not use.methods or method in use.methods.split():
        there = RELATIONS[use.kind]
        yield from there[:1] if method in ("HEAD", "OPTIONS") else there
        if use.kind:
            yield MISSING
        if CROSSED in there:
            yield CROSSED_MISSING


def faces(cell: Cell, row: Address, turn: int) -> Iterator[str]:
    """Those in which the cell is tried; a program that may write also comes with a session, and with a token to read."""
    verdict = expected(cell, row)
    first = RELATIONS[cell.use.kind][0]
    if row.is_api:
        yield TOKEN
        if cell.role == ANONYMOUS or (cell.relation == first and verdict == ALLOWED and turn % 2):
            yield SESSION
        if cell.relation == first and verdict == ALLOWED and cell.method not in SAFE:
            yield READ_TOKEN
    elif verdict == ALLOWED:
        yield (PAGE, HTMX)[(turn + RELATIONS[cell.use.kind].index(cell.relation)) % 2 if cell.relation != MISSING else 0]
    else:
        yield (PAGE, HTMX, JSON)[(turn + METHODS.index(cell.method)) % 3]


def expected(cell: Cell, row: Address) -> str:
    """What the table says."""
    if cell.role not in row.door(cell.method) or cell.face == READ_TOKEN:
        return LOG_IN if cell.role == ANONYMOUS else FORBIDDEN
    if cell.method not in row.methods.split():
        return ABSENT
    if cell.method in row.blind.split():
        return ALLOWED
    if cell.relation not in SIGHT[cell.use.kind].get(cell.role, ()):
        return NOT_FOUND
    right = cell.use.read if cell.method in SAFE else cell.use.write
    return ALLOWED if not right or cell.relation in RIGHTS[right].get(cell.role, ()) else FORBIDDEN


STATUSES = {FORBIDDEN: (403,), ABSENT: (405, 406), NOT_FOUND: (404,)}
"""406: an address that answers pages only is asked for something else, whatever the method."""


def is_right(answer: HttpResponse, verdict: str, cell: Cell) -> bool:
    status = answer.status_code
    if verdict == LOG_IN:
        return asks_to_log_in(answer, cell.face)
    if verdict == ALLOWED:
        return status == cell.use.refuses if cell.use.refuses else 200 <= status < 400 and not asks_to_log_in(answer, cell.face)
    return status in STATUSES[verdict] and is_a_problem(answer, cell.face)


def asks_to_log_in(answer: HttpResponse, face: str) -> bool:
    if face in (TOKEN, SESSION, READ_TOKEN):
        return answer.status_code == 401 and is_a_problem(answer, face)
    if face == HTMX:
        return answer.status_code == 401 and answer.get("HX-Redirect", "").startswith("/login/")
    return answer.status_code == 302 and answer["Location"].startswith("/login/?")


def is_a_problem(answer: HttpResponse, face: str) -> bool:
    """Programs read refusals as JSON; what people get is a matter of other tests."""
    return face not in (TOKEN, SESSION, READ_TOKEN) or answer["Content-Type"] == "application/problem+json"


# --- Trying -----------------------------------------------------------------------------------------------------------
class Answer(NamedTuple):
    response: HttpResponse | None
    error: str
    changed: str
    """The first table that holds something else than before."""


def ask(world: World, cell: Cell) -> Answer:
    """The answer to a cell, whose effects are undone."""
    target = access_world.target(world, cell.use.kind, cell.role, cell.relation)
    path = path_to(cell.name, {**target.arguments, **cell.use.fixed})
    body = {} if cell.method in SAFE else access_world.body(world, cell.use.body, target)
    watch, response, error = Watch(), None, ""
    savepoint = transaction.savepoint()
    try:
        with connection.execute_wrapper(watch):
            response = send(world, cell, path, body, target.cookies)
    except Exception as raised:  # a hole of any kind is told, not hidden behind the first
        error = f"{type(raised).__name__}: {raised}"
    changed = "" if error else watch.changed(world.state)
    transaction.savepoint_rollback(savepoint)
    return Answer(response, error, changed)


def send(world: World, cell: Cell, path: str, body: dict[str, Any], cookies: dict[str, str]) -> Any:
    """The request as a person's browser or program makes it."""
    if cell.face in FACES:
        client, headers = world.client(cell.role, cookies), FACES[cell.face]
        if cell.method == "POST" and not any(isinstance(value, File) for value in body.values()):
            return client.post(path, urlencode(body, doseq=True), content_type=FORM, headers=headers)  # read much quicker
        return getattr(client, cell.method.lower())(path, *[body] * (cell.method == "POST"), headers=headers)
    client = world.client(cell.role) if cell.face == SESSION else world.clients[ANONYMOUS]
    token = {} if cell.face == SESSION else world.authorization(cell.role, may_write=cell.face == TOKEN)
    headers = {"Accept": "application/json", **token}
    return client.generic(cell.method, path, json.dumps(body), content_type="application/json", headers=headers)


def path_to(name: str, arguments: dict[str, Any]) -> str:
    """The path of an address with those of the arguments it takes."""
    return reverse(name, kwargs={key: arguments[key] for key in addresses()[name].pattern.converters})


def wrong_cells(world: World, name: str, row: Address) -> Wrong:
    """Every cell of the row that answers something else than the table says, or changes something it must not."""
    wrong: Wrong = []
    bodies = {}
    for cell in cells(name, row):
        answer = ask(world, cell)
        wrong += [f"{cell}: {what}" for what in faults(cell, row, answer)]
        if answer.response is not None and expected(cell, row) == NOT_FOUND:
            bodies[cell] = neutral(answer.response)
    wrong += tell_tales(bodies)
    if state() != world.state:
        wrong.append(f"{name}: something stayed behind")
    return wrong


def faults(cell: Cell, row: Address, answer: Answer) -> Iterator[str]:
    verdict = expected(cell, row)
    if answer.response is None:
        yield f"should be {verdict}, raised {answer.error}"
        return
    if not is_right(answer.response, verdict, cell):
        yield f"should be {verdict}, is {answer.response.status_code}"
    hides = cell.role not in SEES_MARGIN and cell.use.kind != "approval link"  # a link shows what its owner may see
    if hides and (told := told_by(answer.response)):
        yield f"tells {', '.join(told)}"
    must_change = verdict == ALLOWED and cell.method not in SAFE and cell.use.changes and not cell.use.refuses
    if must_change and not answer.changed:
        yield "should change something"
    if not must_change and answer.changed and not (verdict == ALLOWED and cell.method not in SAFE):
        yield f"changes {answer.changed}"


# --- What is out of sight is as good as missing -----------------------------------------------------------------------
def tell_tales(bodies: dict[Cell, Any]) -> Wrong:
    """Cells out of sight that answer in any way differently than a missing record does."""
    wrong = []
    for cell, body in bodies.items():
        alike = {CROSSED: CROSSED_MISSING, CROSSED_MISSING: CROSSED_MISSING}.get(cell.relation, MISSING)
        if body != bodies.get(cell._replace(relation=alike)):
            wrong.append(f"{cell}: can be told from a missing record")
    return wrong


_CSRF_TOKEN = re.compile(rb"\b[A-Za-z0-9]{64}\b")
_PASSING_HEADERS = frozenset({"Content-Length", "X-Reference", "X-Request-ID"})


def neutral(response: HttpResponse) -> tuple[Any, ...]:
    """Status, headers and body without what differs between any two requests: tokens, reference numbers and the path itself."""
    content = b"".join(response) if response.streaming else response.content
    path = response.wsgi_request.path.encode()
    headers = {name: value for name, value in response.headers.items() if name not in _PASSING_HEADERS}
    return response.status_code, headers, _CSRF_TOKEN.sub(b"", content.replace(path, b"/"))
