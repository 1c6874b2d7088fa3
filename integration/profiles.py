"""Profiles: which column of the source is which field of ours, and how the file is written. TOML files."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from core.languages import Sentence as _
from integration.errors import UnknownProfile, UnreadableFile

FOLDER = Path(__file__).parent / "profiles"

CUSTOMER_FIELDS = (
    "child_id", "child_name", "parent_id", "parent_name", "salesperson_id", "salesperson_name", "tma1", "tma1_name", "tma2",
    "tma2_name", "industry", "business_size", "classification", "channel", "sap_code", "business_id", "vat_number", "street",
    "postcode", "city", "country", "region", "revenue", "volume", "payment_term", "updated_at", "cpq_flag",
)  # fmt: skip
CUSTOMER_REQUIRED = ("child_id", "parent_id", "parent_name")
PRODUCT_FIELDS = (
    "sku", "name_en", "name_fi", "description_en", "description_fi", "group", "unit", "list_price", "cost", "floor_price",
    "target_price", "start_price", "vat_rate", "active", "valid_from", "valid_to", "outside_catalogue", "use_within_months",
    "fixed_quantity", "cs_days",
)  # fmt: skip
PRODUCT_REQUIRED = ("sku", "name_en", "list_price")


@dataclass(frozen=True)
class Options:
    """How the file is written; what is left out is detected. `complete`: rows missing from it may be treated as gone."""

    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    sheet: str = ""
    skip_rows: int = 0
    already_aggregated: bool = False
    complete: bool = False


@dataclass(frozen=True)
class Profile:
    """`columns` maps our field names to the source's column names."""

    name: str
    columns: Mapping[str, str]
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class Layout:
    """A profile laid over the header of a file: our field → position; `columns` our field → the source's word for it."""

    profile: Profile
    positions: dict[str, int]
    unknown: list[str]


def own(names: Sequence[str]) -> Profile:
    """The profile of a file that uses our names."""
    return Profile(name="own", columns={name: name for name in names})


def load(name: str, names: Sequence[str]) -> Profile:
    """The profile called `name`, or that in the file `name`. Raises: UnknownProfile."""
    path = Path(name) if name.endswith(".toml") or "/" in name else FOLDER / f"{name}.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnknownProfile(_("There is no profile “%(name)s”.") % {"name": name}) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnknownProfile(_("The profile “%(name)s” is not TOML: %(reason)s.") % {"name": name, "reason": error}) from error
    return Profile(name=path.stem, columns=_columns(document, name, names), options=_options(document, name))


def _columns(document: Mapping[str, Any], name: str, names: Sequence[str]) -> dict[str, str]:
    columns = document.get("columns", {})
    for ours, theirs in columns.items() if isinstance(columns, dict) else [("columns", None)]:
        if ours not in names or not isinstance(theirs, str) or not theirs.strip():
            raise UnknownProfile(
                _("The profile “%(name)s” maps “%(field)s”, which is no field of ours.") % {"name": name, "field": ours}
            )
    return {ours: theirs.strip() for ours, theirs in columns.items()} or {ours: ours for ours in names}


def _options(document: Mapping[str, Any], name: str) -> Options:
    given = document.get("options", {})
    known = {option.name: type(option.default) for option in fields(Options)}
    for option, value in given.items() if isinstance(given, dict) else [("options", None)]:
        if known.get(option) is not type(value):
            raise UnknownProfile(_("The profile “%(name)s” has a wrong option “%(option)s”.") % {"name": name, "option": option})
    return replace(Options(), **given)


def detect(header: Sequence[str], names: Sequence[str], built_in: Sequence[str]) -> Profile:
    """Of our own names and the built-in profiles the one that knows most columns of `header`; ties by the first built-in one."""
    candidates = [load(name, names) for name in built_in] + [own(names)]
    present = {_key(cell) for cell in header}
    return max(candidates, key=lambda profile: sum(_key(column) in present for column in profile.columns.values()))


def lay_over(profile: Profile, header: Sequence[str], required: Sequence[str]) -> Layout:
    """Where each field stands. Raises: UnreadableFile naming the missing required columns, or those that stand twice."""
    where: dict[str, list[int]] = {}
    for position, cell in enumerate(header):
        where.setdefault(_key(cell), []).append(position)
    found = {ours: where[_key(theirs)] for ours, theirs in profile.columns.items() if _key(theirs) in where}
    missing = [profile.columns.get(ours, ours) for ours in required if ours not in found]
    if missing:
        raise UnreadableFile(_("Required columns are missing: %(columns)s.") % {"columns": ", ".join(missing)})
    twice = [profile.columns[ours] for ours, positions in found.items() if len(positions) > 1]
    if twice:
        raise UnreadableFile(_("Columns stand twice in the header: %(columns)s.") % {"columns": ", ".join(twice)})
    taken = {positions[0] for positions in found.values()}
    unknown = [cell for position, cell in enumerate(header) if position not in taken and cell]
    return Layout(profile, {ours: positions[0] for ours, positions in found.items()}, unknown)


def _key(column: str) -> str:
    return column.strip().casefold()
