"""A line over days as SVG: pure functions over plain values. Colours and sizes are the style sheet's."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 1000, 200
"""Of the drawing; a page stretches it, without its strokes (`vector-effect`)."""


class Dot(NamedTuple):
    """A value in the drawing. `x`, `y` as SVG writes them, in any language."""

    x: str
    y: str
    day: dt.date
    value: int


class LineChart(NamedTuple):
    """`line`: the points of a polyline; `top`: the value at the upper edge, 0 is at the lower one."""

    line: str
    dots: tuple[Dot, ...]
    top: int


def line_chart(values: Sequence[tuple[dt.date, int]]) -> LineChart:
    """Days in their order, each where it is in time; a single one stands in the middle."""
    top = round_up(max((value for _day, value in values), default=0))
    dots = tuple(Dot(_x(values, day), f"{HEIGHT - HEIGHT * value / top:.1f}", day, value) for day, value in values)
    return LineChart(" ".join(f"{dot.x},{dot.y}" for dot in dots), dots, top)


def _x(values: Sequence[tuple[dt.date, int]], day: dt.date) -> str:
    first, last = values[0][0], values[-1][0]
    share = (day - first) / (last - first) if last > first else 0.5
    return f"{WIDTH * share:.1f}"


def round_up(value: int) -> int:
    """The next even number of one digit and zeros, at least 2: the middle of the scale is a whole number."""
    step: int = 10 ** (len(str(max(value, 1))) - 1)
    steps = -(-value // step)
    if step == 1:
        return max(2, steps + steps % 2)
    return steps * step
