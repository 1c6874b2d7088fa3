"""Child customers → parent accounts. Pure: a table in, a table out; the result does not depend on the order of the rows.

Money is integer cents, volume integer thousandths: sums are exact. No Python per row. What the rules mean stands in
`accounts.survivorship`, which decides one parent at a time in the plainest way and has to come to the same.

Source: docs/requirements.md S0.29, S0.45.
"""

from collections.abc import Iterable

import polars as pl

from accounts.survivorship import ADDRESS, AMOUNTS, NAMES, ConflictKind, FieldRule, Rule
from integration import frames

PLACES = {"revenue": 2, "volume": 3}
LONGEST_LIST = 500
CANDIDATE = pl.Struct({"value": pl.String, "label": pl.String, "cents": pl.Int64})


def aggregate(rows: pl.DataFrame, rules: Iterable[FieldRule]) -> pl.DataFrame:
    """One row per parent, ordered by `parent_id` in plain text order.

    `rows`: the text fields of a customer-master row (blank = ""), `revenue` (cents) and `volume` (thousandths) as Int64; child
    ids are unique. Answers per rule its field, as text; of columns that have names `<field>_label`; of the owner
    `owner_conflict` ("" or a ConflictKind) and `owner_candidates`; of fields that must agree `<field>_values` when they do not;
    and `children`, their number.
    """
    groups = _Groups(rows)
    columns = [groups.parents, groups.children()]
    for rule in rules:
        columns += groups.decide(rule)
    return pl.DataFrame(columns)


class _Groups:
    """The rows of each parent: `at` is the number of a row's parent, 0 … count - 1 in plain text order."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self.parents = rows["parent_id"].unique().sort()
        self.count = len(self.parents)
        numbers = pl.DataFrame({"parent_id": self.parents}).with_row_index("at")
        at = rows.select("parent_id").join(numbers, on="parent_id", how="left", maintain_order="left")["at"]
        self.rows = rows.with_columns(at)
        self._here: pl.DataFrame | None = None
        self._postcode: pl.DataFrame | None = None

    def decide(self, rule: FieldRule) -> list[pl.Series]:
        """The column of the field, with those that belong to it."""
        if rule.column in AMOUNTS:
            return [self._amount(rule), *self._disagreement(rule, self.rows)]
        found = self._found(rule)
        value = self._column(found, rule.column, rule.field)
        if rule.field == "name":
            value = self._named(value)
        conflict: list[pl.Series] = []
        if rule.field == "owner":
            conflict = self._conflict(rule, value)
            tied = conflict[0] == ConflictKind.TIE.value
            value = value.set(tied, "") if bool(tied.any()) else value
        columns = [value, *conflict]
        if rule.column in NAMES:
            columns.append(self._label(rule, value))
        return [*columns, *self._disagreement(rule, self._filled(rule.column))]

    def _disagreement(self, rule: FieldRule, rows: pl.DataFrame) -> list[pl.Series]:
        """Of a field that must agree the values, where there are several."""
        if not rule.must_agree:
            return []
        different = rows.group_by("at").agg(pl.col(rule.column).unique().sort())
        different = different.filter(pl.col(rule.column).list.len() > 1)
        if rule.column in AMOUNTS:
            plain = different.explode(rule.column).with_columns(
                frames.amount(rule.column, PLACES[rule.column]).alias(rule.column)
            )
            different = plain.group_by("at", maintain_order=True).agg(rule.column)
        return [self._column(different, rule.column, f"{rule.field}_values", fill=None)]

    def children(self) -> pl.Series:
        return self._column(self.rows.group_by("at").agg(pl.len().alias("children")), "children", "children", fill=0)

    def _column(self, found: pl.DataFrame, column: str, name: str, *, fill: object = "") -> pl.Series:
        """A value per parent, in their order, out of rows that name the parent as `at`."""
        places = pl.DataFrame({"at": pl.int_range(self.count, eager=True, dtype=pl.UInt32)})
        values = places.join(found.select("at", column), on="at", how="left", maintain_order="left")[column]
        return (values if fill is None else values.fill_null(fill)).alias(name)

    def _filled(self, column: str, among: pl.DataFrame | None = None) -> pl.DataFrame:
        return (self.rows if among is None else among).filter(pl.col(column) != "")

    def _amount(self, rule: FieldRule) -> pl.Series:
        cells = pl.col(rule.column)
        found = self.rows.group_by("at").agg(cells.sum() if rule.rule == Rule.SUM else cells.max())
        found = found.with_columns(frames.amount(rule.column, PLACES[rule.column]).alias(rule.column))
        return self._column(found, rule.column, rule.field)

    def _found(self, rule: FieldRule) -> pl.DataFrame:
        """`at` and the value, of parents that have one."""
        column, cells = rule.column, pl.col(rule.column)
        match rule.rule:
            case Rule.BY_REVENUE:
                return self._heaviest(column, "revenue")
            case Rule.BY_VOLUME:
                return self._by_place(column)
            case Rule.GREATEST:
                return self._filled(column).group_by("at").agg(cells.max())
            case Rule.SMALLEST:
                return self._filled(column).group_by("at").agg(cells.min())
            case Rule.LATEST:
                return self._first(self._filled(column).sort("updated_at", "child_id", descending=True))
            case Rule.FIRST:
                return self._first(self._filled(column).sort("child_id"))
            case _:
                return self._all(column)

    def _first(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.unique("at", keep="first", maintain_order=True)

    def _pairs(self, column: str, weight: str, among: pl.DataFrame | None = None) -> pl.DataFrame:
        """The different values of each parent with their summed weight."""
        return self._filled(column, among).group_by("at", column).agg(pl.col(weight).sum().alias("weight"))

    def _heaviest(self, column: str, weight: str, among: pl.DataFrame | None = None) -> pl.DataFrame:
        """Per parent the value with the largest summed weight, of equals the smallest."""
        filled = self._filled(column, among)
        agreed = filled.group_by("at").agg(pl.col(column).min(), (pl.col(column).min() != pl.col(column).max()).alias("more"))
        divided = agreed.filter("more").select("at")
        pairs = self._pairs(column, weight, filled.join(divided, on="at", how="semi"))
        leading = pairs.filter(pl.col("weight") == pl.col("weight").max().over("at"))
        decided = leading.group_by("at").agg(pl.col(column).min())
        return pl.concat([agreed.filter(~pl.col("more")).select("at", column), decided.select("at", column)])

    def _all(self, column: str) -> pl.DataFrame:
        """Every different text, in order, with commas between."""
        pairs = self._filled(column).select("at", column).unique().sort("at", column)
        texts = pairs.group_by("at", maintain_order=True).agg(pl.col(column).str.join(", "))
        long = pl.col(column).str.len_chars() > LONGEST_LIST
        cut = pl.col(column).map_elements(_cut, return_dtype=pl.String)
        return pl.concat([texts.filter(~long), texts.filter(long).with_columns(cut)])

    def _by_place(self, column: str) -> pl.DataFrame:
        """The value at the postcode with the largest summed volume. A parent without any postcode is one place."""
        if self._here is None:
            postcode = self._postcode = self._heaviest("postcode", "volume")
            places = self.rows.join(postcode.select("at", place="postcode"), on="at", how="left", maintain_order="left")
            self._here = places.filter(pl.col("place").is_null() | (pl.col("place") == pl.col("postcode")))
            order = pl.col("street") == ""
            largest = self._here.sort(order, "volume", "child_id", descending=[False, True, False])
            self._largest = self._first(largest)
        if column == "postcode" and self._postcode is not None:
            return self._postcode
        if column in ADDRESS:
            return self._largest
        return self._heaviest(column, "volume", self._here)

    def _named(self, name: pl.Series) -> pl.Series:
        """Where nobody has a name: the greatest child name, else the customer number."""
        children = self._column(self._filled("child_name").group_by("at").agg(pl.col("child_name").max()), "child_name", "child")
        frame = pl.DataFrame([name, children, self.parents])
        other = pl.when(pl.col("child") != "").then(pl.col("child")).otherwise(pl.col("parent_id"))
        return frame.select(pl.when(pl.col("name") != "").then(pl.col("name")).otherwise(other).alias("name"))[:, 0]

    def _names(self, column: str, among: pl.DataFrame) -> pl.DataFrame:
        """The greatest name that the rows of a parent give each value."""
        return among.group_by("at", column).agg(pl.col(NAMES[column]).max().alias("label"))

    def _label(self, rule: FieldRule, value: pl.Series) -> pl.Series:
        """The greatest name that the rows which were looked at give the value."""
        chosen = pl.DataFrame({"at": pl.int_range(self.count, eager=True, dtype=pl.UInt32), rule.column: value})
        among = self._here if rule.rule == Rule.BY_VOLUME else None
        rows = self._filled(rule.column, among).join(chosen, on=["at", rule.column], how="semi")
        return self._column(rows.group_by("at").agg(pl.col(NAMES[rule.column]).max()), NAMES[rule.column], f"{rule.field}_label")

    def _conflict(self, rule: FieldRule, value: pl.Series) -> list[pl.Series]:
        """Equals are nobody, and say who they are; `value` loses them."""
        ties = pl.DataFrame(schema={"at": pl.UInt32, "owner_candidates": pl.List(CANDIDATE)})
        if rule.rule == Rule.BY_REVENUE:
            filled = self._filled(rule.column)
            more = pl.col(rule.column).min() != pl.col(rule.column).max()
            divided = filled.group_by("at").agg(more.alias("more")).filter("more")
            filled = filled.join(divided, on="at", how="semi")
            pairs = self._pairs(rule.column, "revenue", filled)
            leading = pairs.filter(pl.col("weight") == pl.col("weight").max().over("at"))
            tied = leading.filter(pl.len().over("at") > 1).join(self._names(rule.column, filled), on=["at", rule.column])
            candidate = pl.struct(value=pl.col(rule.column), label="label", cents="weight")
            ties = tied.sort("at", rule.column).group_by("at", maintain_order=True).agg(candidate.alias("owner_candidates"))
        tied_at = self._column(ties.with_columns(tie=pl.lit(value=True)), "tie", "tie", fill=False)
        frame = pl.DataFrame({"value": value, "tie": tied_at})
        kind = (
            pl.when("tie")
            .then(pl.lit(ConflictKind.TIE.value))
            .when(pl.col("value") == "")
            .then(pl.lit(ConflictKind.NONE.value))
            .otherwise(pl.lit(""))
        )
        conflict = frame.select(kind.alias("owner_conflict"))[:, 0]
        places = pl.DataFrame({"at": pl.int_range(self.count, eager=True, dtype=pl.UInt32)})
        candidates = places.join(ties, on="at", how="left", maintain_order="left")["owner_candidates"]
        return [conflict, candidates]


def _cut(text: str) -> str:
    """What does not fit is cut at a whole text, and a mark says so."""
    return text[: text.rindex(",", 0, LONGEST_LIST - 2)] + ", …"
