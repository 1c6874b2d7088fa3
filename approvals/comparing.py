"""What is another than in the round before: pure functions over facts as one reader sees them (approvals.summary)."""

from collections.abc import Mapping, Sequence
from typing import Any

Row = dict[str, Any]
_NUMBERS = ("quantity", "list_price", "net_price", "line_net")


def compared(now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of now; what differs carries the earlier value as `before` and what was sold as `details_before`, a limit or a
    line that was not there `is_new`, and `gone` are the lines that are no longer there."""
    lines, gone = _lines(now["lines"], before["lines"])
    return {
        **now,
        "facts": _rows(now["facts"], before["facts"], "label", "value"),
        "limits": _rows(now["limits"], before["limits"], "what", "actual"),
        "lines": lines,
        "gone": gone,
        "is_compared": True,
    }


def _rows(now: Sequence[Row], before: Sequence[Row], name: str, value: str) -> list[Row]:
    earlier = {row[name]: row[value] for row in before}
    return [
        {
            **row,
            "is_new": row[name] not in earlier,
            "before": earlier[row[name]] if earlier.get(row[name], row[value]) != row[value] else "",
        }
        for row in now
    ]


def _lines(now: Sequence[Row], before: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Lines of the same code are held against each other in their order."""
    earlier: dict[str, list[Row]] = {}
    for line in before:
        earlier.setdefault(line["sku"], []).append(line)
    marked = []
    for line in now:
        rest = earlier.get(line["sku"])
        was = rest.pop(0) if rest else None
        differs = was is not None and any(line.get(name) != was.get(name) for name in _NUMBERS)
        other = was.get("details") if was is not None and was.get("details") != line.get("details") else None
        marked.append({**line, "is_new": was is None, "before": was if differs else None, "details_before": other})
    return marked, [line for rest in earlier.values() for line in rest]
