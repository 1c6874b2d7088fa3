"""The frozen facts of a request as one reader sees them: in one language, without margins for those who may not see any."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from approvals import comparing, registry, selectors
from approvals.models import Request


def of_request(asked: Request, *, language: str, with_margin: bool) -> dict[str, Any]:
    """What a request asked about, its lines included, as this reader sees it; held against the round before, if there was one
    that somebody looked at, else against what was sent before. Shape of what differs: see approvals.comparing."""
    run = asked.run
    now = _whole(asked.summary, run.subject_type, run.subject_id, run.subject_version, language, with_margin)
    earlier = selectors.compared_with(asked)
    if earlier is None:
        return {**now, "gone": [], "is_compared": False}
    return comparing.compared(now, _whole(*earlier, language, with_margin))


def _whole(
    summary: Mapping[str, Any], subject_type: str, subject_id: int, version: int, language: str, with_margin: bool
) -> dict[str, Any]:
    lines = registry.subject_for(subject_type).lines(subject_id, version)
    flagged = summary.get("flagged", ())
    line_margins = summary.get("line_margins", {}) if with_margin else {}
    return {
        **for_reader(summary, language=language, with_margin=with_margin),
        "lines": [
            {
                **line,
                "name": _text(line["name"], language),
                "marks": _text(line.get("marks", {}), language) or [],
                "details": _text(line.get("details", {}), language) or [],
                "margin": line_margins.get(str(line["position"]), ""),
                "flag": line["position"] in flagged,
            }
            for line in lines
        ],
    }


def for_reader(summary: Mapping[str, Any], *, language: str, with_margin: bool) -> dict[str, Any]:
    """Texts of `language` only. Lists: `sentences` [str], `facts` [{label, value}], `limits` [{what, limit, actual}].

    Shape of `summary`: see approvals.registry.
    """
    return {
        "title": _text(summary.get("title", ""), language),
        "customer": summary.get("customer", ""),
        "sentences": list(_text(summary.get("sentences", []), language)),
        "facts": [_translated(row, ("label", "value"), language) for row in _seen(summary.get("facts", []), with_margin)],
        "limits": [
            _translated(row, ("what", "limit", "actual"), language) for row in _seen(summary.get("limits", []), with_margin)
        ],
        "url": summary.get("url", ""),
    }


def brief(limits: Sequence[Mapping[str, Any]], margin: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What lists show of these facts, to be kept with them: the margin, if there is one, and the first limit of each gate."""
    breaks: dict[str, dict[str, Any]] = {}
    for limit in limits:
        first = breaks.setdefault(limit["gate"], {**{name: limit[name] for name in _OF_A_BREAK}, "count": 0})
        first["count"] += 1
    return {"margin": dict(margin or {}), "breaks": breaks}


_OF_A_BREAK = ("what", "limit", "actual", "margin")


class Short(NamedTuple):
    """`what` breaks `limit`, which is empty for those who may not know it, with `actual`; `more` others break theirs."""

    what: str
    limit: str
    actual: str
    more: int
    margin: str


def short(brief: Mapping[str, Any] | None, gates: Sequence[str], *, sentence: str, language: str, with_margin: bool) -> Short:
    """What a row of a list says to this reader of a request for these gates. `sentence`: where there is no brief of them."""
    kept: Mapping[str, Any] = brief or {}
    margin = _text(kept.get("margin") or "", language) if with_margin else ""
    breaks = [found for gate in gates if (found := kept.get("breaks", {}).get(gate))]
    if not breaks:
        return Short(sentence, "", "", 0, margin)
    first = breaks[0]
    limit, actual = (_text(first[name], language) if with_margin or not first["margin"] else "" for name in ("limit", "actual"))
    return Short(_text(first["what"], language), limit, actual, sum(found["count"] for found in breaks) - 1, margin)


def _seen(rows: Sequence[Mapping[str, Any]], with_margin: bool) -> list[Mapping[str, Any]]:
    return [row for row in rows if with_margin or not row.get("margin")]


def _translated(row: Mapping[str, Any], names: Sequence[str], language: str) -> dict[str, Any]:
    return {name: _text(row.get(name, ""), language) for name in names}


def _text(value: Any, language: str) -> Any:
    """The text of this language, else of the other one; what has no languages stays as it is."""
    if not isinstance(value, Mapping):
        return value
    return value.get(language) or next((text for text in value.values() if text), "")
