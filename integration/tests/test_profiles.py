from pathlib import Path

import pytest

from integration import profiles
from integration.errors import UnknownProfile, UnreadableFile
from integration.profiles import CUSTOMER_FIELDS, CUSTOMER_REQUIRED, Options

pytestmark = pytest.mark.once

PRICE_MANAGER = [
    "Customer_ID", "Customer_Name", "ASO_ID_2", "ASO_Name_2", "SalesPersonID", "SalesPersonName", "TMA_ID_1", "TMA_Name_1",
    "TMA_ID_2", "TMA_Name_2", "Industry", "Business_Size", "Classification", "Distribution_Channel", "SAP_Code", "Business_ID",
    "VAT_Number", "Street", "Postcode", "City", "Country", "Region_ID", "Revenue", "Volume", "Payment_Term", "CPQ_Flag",
]  # fmt: skip


def layout(header: list[str], name: str = "") -> profiles.Layout:
    chosen = profiles.load(name, CUSTOMER_FIELDS) if name else profiles.detect(header, CUSTOMER_FIELDS, ["price_manager"])
    return profiles.lay_over(chosen, header, CUSTOMER_REQUIRED)


def test_the_built_in_profile_reads_every_field() -> None:
    found = layout(PRICE_MANAGER)
    assert found.profile.name == "price_manager"
    fields = [field for field in CUSTOMER_FIELDS if field != "updated_at"]  # which Price Manager does not have
    assert found.positions == {field: position for position, field in enumerate(fields)}
    assert found.unknown == []


def test_our_own_names_are_found_in_any_order() -> None:
    found = layout(["revenue", "parent_name", "child_id", "parent_id"])
    assert found.profile.name == "own"
    assert found.positions == {"revenue": 0, "parent_name": 1, "child_id": 2, "parent_id": 3}


def test_spaces_and_capitals_in_the_header_do_not_matter() -> None:
    assert layout(["CUSTOMER_ID", " aso_id_2 ", "ASO_Name_2"]).positions == {"child_id": 0, "parent_id": 1, "parent_name": 2}


def test_an_unknown_column_is_noted_not_fatal() -> None:
    assert layout([*PRICE_MANAGER, "Loyalty", "", "Loyalty"]).unknown == ["Loyalty", "Loyalty"]


def test_a_missing_required_column_is_named_as_the_source_calls_it() -> None:
    with pytest.raises(UnreadableFile, match=r"Required columns are missing: Customer_ID, ASO_Name_2\."):
        layout(["ASO_ID_2", "Revenue"])


def test_a_column_that_stands_twice_is_refused() -> None:
    with pytest.raises(UnreadableFile, match=r"Columns stand twice in the header: Revenue\."):
        layout([*PRICE_MANAGER, "revenue"])


def test_a_profile_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "crm.toml"
    path.write_text('[columns]\nchild_id = "Nro"\n[options]\nskip_rows = 2\ndecimal = ","\n', encoding="utf-8")
    profile = profiles.load(str(path), CUSTOMER_FIELDS)
    assert (profile.name, profile.columns, profile.options) == ("crm", {"child_id": "Nro"}, Options(skip_rows=2, decimal=","))


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        '[columns]\nshoe_size = "Koko"',
        "[columns]\nchild_id = 3",
        "[options]\nskip_rows = true",
        '[options]\ncolour = "red"',
        'columns = "x"',
    ],
)
def test_a_profile_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UnknownProfile, match="bad"):
        profiles.load(str(path), CUSTOMER_FIELDS)


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(UnknownProfile, match="There is no profile “salesforce”"):
        profiles.load("salesforce", CUSTOMER_FIELDS)
