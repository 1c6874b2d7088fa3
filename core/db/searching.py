"""Rows by words in their texts: while somebody types, in long tables, and by likeness."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import connection, models
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce, Upper
from django.db.models.lookups import IContains

from core.db import is_postgresql
from core.db.sqlite import similarity

MOST_WORDS = 10
LEAST_LETTERS = 3
"""Of a word that an index of three letters can find."""


class Similarity(models.Func):
    """How alike two texts are, from 0 to 1: the share of groups of three letters that both have."""

    function = "SIMILARITY"
    output_field = models.FloatField()


def contains(queryset: models.QuerySet[Any], fields: Sequence[str], text: str, index: str = "") -> models.QuerySet[Any]:
    """Rows of which every word of `text` occurs in one of `fields`, in any case, in Finnish too.

    `index`: the `search_index` over just these fields, if there is one.
    """
    return matching(queryset, text, lambda word: found_in(fields, word, index), is_indexed=bool(index))


def matching(
    queryset: models.QuerySet[Any], text: str, condition: Callable[[str], models.Q], *, is_indexed: bool = True
) -> models.QuerySet[Any]:
    """Rows that meet the condition of every word of `text`. `is_indexed`: an index finds them, whatever else is asked of them."""
    words = words_of(text)
    conditions = [condition(word) for word in words]
    if is_indexed and is_postgresql() and has_long_word(words):
        return _by_few_keys(queryset, conditions)
    return queryset.filter(*conditions)


def found_in(fields: Sequence[str], word: str, index: str) -> models.Q:
    """The condition that `word` occurs in one of the fields, as `index` can find it."""
    by_index = index and len(word) >= LEAST_LETTERS and not is_postgresql()
    return models.Q(pk__in=_rows_of_index(index, word)) if by_index else _in_any(fields, word)


def suggests(queryset: models.QuerySet[Any], fields: Sequence[str], text: str, index: str) -> models.QuerySet[Any]:
    """As `contains`, for what somebody is still typing, so that an index always helps: while no word is long enough for `index`,
    a field must begin with the first one, written small, large or with a capital. Each field has its own index, and on PostgreSQL
    all of them together a `whole_index`. No query."""
    words = words_of(text)
    if not words or has_long_word(words):
        return queryset.filter(*(_within(fields, word, index) for word in words))
    begins = models.Q()
    for word in {words[0], words[0].lower(), words[0].upper(), words[0].capitalize()}:
        begins |= _in_any(fields, word, "startswith")
    return queryset.filter(begins, *(found_in(fields, word, index) for word in words[1:]))


def has_long_word(words: Iterable[str]) -> bool:
    """Whether an index of three letters can find one of them."""
    return any(len(word) >= LEAST_LETTERS for word in words)


def _within(fields: Sequence[str], word: str, index: str) -> models.Q:
    """As `found_in`, by one index for all fields: PostgreSQL looks up each word once, not once for each field."""
    return models.Q(IContains(whole(fields), word)) if is_postgresql() else found_in(fields, word, index)


class _Whole(models.Func):
    template, arg_joiner = "(%(expressions)s)", " || ' ' || "
    output_field = models.TextField()


def whole(fields: Sequence[str]) -> models.Func:
    """The texts of the fields as one, with a space between them."""
    return _Whole(*(Coalesce(field, models.Value("")) for field in fields))


def words_of(text: str) -> list[str]:
    return text.replace("\x00", "").split()[:MOST_WORDS]


def _in_any(fields: Sequence[str], word: str, how: str = "icontains") -> models.Q:
    any_field = models.Q()
    for field in fields:
        any_field |= models.Q(**{f"{field}__{how}": word})
    return any_field


def some(statement: tuple[str, Sequence[Any]], columns: Sequence[str], most: int) -> list[tuple[Any, ...]]:
    """These columns of up to `most` of the rows that the statement reads, whichever, found by an index where there is one.

    PostgreSQL takes a comparison of texts for cheaper than it is: told that few rows are enough, it would rather read the table.
    """
    sql, values = statement
    kept = "MATERIALIZED " if is_postgresql() else ""
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"WITH found AS {kept}({sql}) SELECT {names} FROM found LIMIT %s", [*values, most])  # noqa: S608
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


FEW = 2_000


def _by_few_keys(queryset: models.QuerySet[Any], words: Sequence[models.Q]) -> models.QuerySet[Any]:
    """The rows by their keys, when the index finds only few of them in the whole table.

    Asked for the first fifty by name, PostgreSQL may read the table in the order of names until it has them. That is quick for a
    word that many have, and reads nearly everything for one that it only thinks many have.
    """
    everything = queryset.model._default_manager.filter(*words).order_by()
    keys = list(everything.values_list("pk", flat=True)[: FEW + 1])
    return queryset.filter(pk__in=keys) if len(keys) <= FEW else queryset.filter(*words)


def _rows_of_index(index: str, word: str) -> RawSQL:
    """Keys of the rows in which the full-text table finds `word`, taken literally."""
    literally = '"' + word.replace('"', '""') + '"'
    return RawSQL(f"SELECT rowid FROM {index} WHERE {index} MATCH %s", [literally])  # noqa: S608, S611 - a name of our own


class _IsAlike(models.Func):
    """What an index of trigrams takes for similar texts."""

    template, arg_joiner = "(%(expressions)s)", " %% "
    output_field = models.BooleanField()


MOST_CANDIDATES = 200


def alike(queryset: models.QuerySet[Any], field: str, text: str, index: str, most: int) -> list[Any]:
    """Up to `most` rows whose `field` is similar to `text`, the most similar first. `index`: a `search_index` with this field."""
    letters = text.replace("\x00", "")
    if is_postgresql():
        own, other = Upper(Cast(field, models.TextField())), Upper(models.Value(letters, output_field=models.TextField()))
        found = queryset.annotate(_alike=Similarity(own, other)).filter(_IsAlike(own, other))
        return list(found.order_by("-_alike", "pk")[:most])
    groups = sorted({letters[start : start + 3].lower() for start in range(len(letters) - 2)})
    if not groups:
        return []
    quoted = " OR ".join('"' + group.replace('"', '""') + '"' for group in groups)
    sql = f"SELECT rowid FROM {index} WHERE {index} MATCH %s ORDER BY rank LIMIT {MOST_CANDIDATES}"  # noqa: S608
    rows = queryset.filter(pk__in=RawSQL(sql, [f"{field} : ({quoted})"]))  # noqa: S611 - names of our own
    told = sorted((-(similarity(getattr(row, field), letters) or 0), row.pk, row) for row in rows)
    return [row for likeness, _pk, row in told if -likeness >= LEAST_ALIKE][:most]


LEAST_ALIKE = 0.3
"""As PostgreSQL has it where nobody has set it."""
