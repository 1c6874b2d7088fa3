"""Contenders take turns."""

from bench import measure


def test_each_contender_is_called_once_a_round_and_warming_up_does_not_count() -> None:
    seen: list[tuple[str, int]] = []

    def contender(name: str) -> measure.Call:
        def call(number: int) -> float:
            seen.append((name, number))
            return float(number)

        return call

    times = measure.in_turns({"ours": contender("ours"), "floor": contender("floor")}, {}, rounds=3, warm=2)
    assert seen == [(name, number) for number in range(5) for name in ("ours", "floor")]
    assert times.ms == {"ours": [2.0, 3.0, 4.0], "floor": [2.0, 3.0, 4.0]}
