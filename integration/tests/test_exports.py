"""The file of the quarantine: harmless in a spreadsheet program, and read again as it was."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Site
from core.models import Event, JobRun
from core.tests.test_exports import EVIL
from integration import reading, services
from integration.exports import restored
from integration.tests.factories import QuarantinedRowFactory, RunFactory, child, file_of
from integration.tests.test_excel import of_rows
from users.models import User
from users.roles import ROLES
from users.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def steward() -> User:
    return UserFactory.create(roles=["data_steward"], display_name="Taru Taulukko")


def file_from(user: User, run: JobRun, **headers: str) -> bytes:
    client = Client()
    client.force_login(user)
    response: Any = client.post(reverse("sync_quarantine_file", args=[run.pk]), {"format": "csv"}, headers=headers)
    assert response.status_code == 200
    return response.getvalue()


def rows_of(content: bytes, delimiter: str = ";") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def test_the_file_of_the_quarantine_holds_no_formula(steward: User) -> None:
    content = b'child_id;parent_id;parent_name;revenue\n=1+1;P;"@SUM(1)";x\n2;P;-2+3;y;=z\n3;P;ok;1\n'
    run = services.customer_sync(content=content, by=None)
    file = file_from(steward, run)
    assert file.startswith(b"\xef\xbb\xbfrow;key;")
    assert rows_of(file) == [
        ["row", "key", "rule", "reason", "child_id", "parent_id", "parent_name", "revenue"],
        ["2", "'=1+1", "not_a_number", "revenue: “x” is not a number.", "'=1+1", "P", "'@SUM(1)", "x"],
        ["3", "2", "cell_count", "The row has 5 cells, the header 4.", "2", "P", "'-2+3", "y", "'=z"],
    ]


def test_the_columns_of_the_file_are_called_alike_in_every_language(steward: User) -> None:
    run = services.customer_sync(content=file_of([child("1", revenue="x")]), by=None)
    files = [rows_of(file_from(steward, run, **{"Accept-Language": code})) for code in ("en", "fi")]
    assert [file[0] for file in files] == [
        ["row", "key", "rule", "reason", "child_id", "parent_id", "parent_name", "revenue"]
    ] * 2
    assert [file[1][3] for file in files] == ["revenue: “x” is not a number.", "revenue: ”x” ei ole luku."]


@pytest.mark.parametrize(
    ("delimiter", "mark", "revenue"), [(",", ",", Decimal("1.23")), (";", ";", 1234), ("\t", ";", 1234), ("|", ";", 1234)]
)
def test_exported_put_right_and_read_again_the_rows_are_as_the_source_had_them(
    steward: User, delimiter: str, mark: str, revenue: Decimal
) -> None:
    """A revenue of 1.234 can be read in two ways: the delimiter of the file decides, and stays on the side it was on."""
    names = [text.strip() for text in EVIL if not {"\t", "\r", "\n"} & set(text)]
    rows = [child(f"C{number}", f"P{number}", parent_name=name, revenue="1.234", volume="x") for number, name in enumerate(names)]
    first = services.customer_sync(content=file_of(rows, delimiter), by=None)
    assert (first.counts["rows_quarantined"], Account.objects.count()) == (len(names), 0)

    put_right = file_from(steward, first).decode().replace(f"1.234{mark}x", f"1.234{mark}-5")
    again = services.customer_sync(content=put_right.encode(), by=None)

    assert (again.counts["rows_quarantined"], again.counts["rows_applied"]) == (0, len(names))
    assert sorted(Account.objects.values_list("name", flat=True)) == sorted(names)
    assert set(Site.objects.values_list("revenue", "volume")) == {(revenue, -5)}


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        (of_rows(["child_id", "parent_id", "parent_name", "revenue", "volume"], ["1", "P", "N", "1.234", "x"]), ","),
        (b"child_id;parent_id;parent_name;revenue;volume\n1;P;N;1.234;x\n2;P;N;5.5;0.5\n3;P;N;6.5;1\n", ","),
        (b'child_id,parent_id,parent_name,revenue,volume\n1,P,N,"1,234",x\n2,P,N,"5,5","0,5"\n3,P,N,"6,5",1\n', ";"),
    ],
    ids=["Excel", "points between semicolons", "commas between commas"],
)
def test_amounts_keep_the_decimal_mark_by_which_the_run_read_them(steward: User, content: bytes, delimiter: str) -> None:
    file = file_from(steward, services.customer_sync(content=content, by=None)).decode()
    assert file.startswith(f"\ufeffrow{delimiter}key")
    services.customer_sync(content=file.replace(f"{delimiter}x", f"{delimiter}-5").encode(), by=None)
    assert (Site.objects.get(child_id="1").revenue, Site.objects.get(child_id="1").volume) == (Decimal("1.23"), -5)


def test_cells_of_a_file_that_is_not_ours_are_left_alone() -> None:
    ours, foreign = b"row,key,rule,reason,a\n1,2,3,4,'=5\n1,2,3,4,'=5,'=6\n", b"row,key,rule,a\n1,2,3,'=4\n"
    table = restored(reading.read_table(ours))
    assert (table.header, list(map(list, table.rows.rows())), table.broken) == (["a"], [["=5"]], {3: ["=5", "=6"]})
    assert list(map(list, restored(reading.read_table(foreign)).rows.rows())) == [["1", "2", "3", "'=4"]]


def test_the_export_of_a_quarantine_is_filed(steward: User, clock: Any) -> None:
    run = QuarantinedRowFactory().run
    file_from(steward, run)
    event = Event.objects.get()
    assert (event.by, event.verb) == (steward, "export started")
    assert event.data == {
        "list": "quarantine",
        "format": "csv",
        "filter": {"run": str(run.pk)},
        "rows": 1,
        "columns": ["row", "key", "rule", "reason", "Customer_ID"],
    }


@pytest.mark.parametrize("role", sorted(ROLES))
def test_only_stewards_get_the_file(role: str) -> None:
    run = QuarantinedRowFactory().run
    client = Client()
    client.force_login(UserFactory(roles=[role]))
    answers = {
        client.post(reverse("sync_quarantine_file", args=[pk]), {"format": "csv"}).status_code
        for pk in (run.pk, RunFactory(kind="backup").pk)
    }
    assert answers == ({200, 404} if role == "data_steward" else {403})
    assert Event.objects.count() == (1 if role == "data_steward" else 0)
