"""Numbers as people read them, against texts written by hand."""

import math

import pytest

from sweep.core import formats
from sweep.core.formats import Format

PERCENT, WHOLE = Format(100, ".2f"), Format(100, "z.0f")


def test_a_number_is_scaled_and_formatted() -> None:
    assert PERCENT.number(0.94621) == "94.62"
    assert PERCENT.signed(0.0021) == "+0.21"
    assert PERCENT.signed(-0.0021) == "-0.21"
    assert Format(spec=".3g").number(12345.0) == "1.23e+04"


def test_spread_interval_and_difference() -> None:
    assert PERCENT.spread(0.94621, 0.0049) == "94.62 ± 0.49"
    assert PERCENT.interval(0.9402, 0.9523) == "94.02 to 95.23"
    assert PERCENT.estimate(0.12, 0.1, 0.14) == "12.00 [10.00, 14.00]"
    assert PERCENT.difference(-0.0359, -0.0426, -0.0292) == "-3.59 [-4.26, -2.92]"
    assert WHOLE.estimate(-0.001, -0.2, 0.44) == "0 [-20, 44]"


@pytest.mark.parametrize("missing", [None, math.nan])
def test_missing_number_is_a_dash_or_left_out(missing: float | None) -> None:
    assert PERCENT.number(missing) == PERCENT.signed(missing) == "–"
    assert PERCENT.spread(missing, missing) == PERCENT.interval(missing, missing) == "–"
    assert PERCENT.difference(missing, missing, missing) == "–"
    assert PERCENT.spread(0.5, missing) == "50.00"
    assert PERCENT.estimate(0.5, missing, missing) == "50.00"
    assert PERCENT.difference(0.5, missing, missing) == "+50.00"
    assert formats.setting_value(missing) == "–"


def test_shares_counts_and_ranges() -> None:
    assert formats.percent(0.95) == "95 %"
    assert formats.percent(1 - 0.95, ".3g") == "5 %"
    assert formats.points(0.002) == "0.2 points"
    assert [formats.plural(count, "trial") for count in (0, 1, 2)] == ["0 trials", "1 trial", "2 trials"]
    assert formats.seed_count(9) == formats.seed_count(9, diverged=0) == "9"
    assert formats.seed_count(9, diverged=1, dead=2) == "9 (1 diverged, 2 dead)"
    assert [formats.span(5, 20), formats.span(5, 5)] == ["5 to 20", "5"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_a_duration_is_in_words(seconds: float, text: str) -> None:
    assert formats.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (16, "16"), (0.1, "0.1"), (1e-05, "1e-05"), ("relu", "relu"), ("", "")],
)
def test_a_setting_is_written_as_it_is_typed(value: object, text: str) -> None:
    assert formats.setting_value(value) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        *((0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (12345, "12.3 kB")),
        *((10**9, "1.0 GB"), (1_239_000_000_000, "1.2 TB"), (10**16, "10,000.0 TB")),
    ],
)
def test_size_in_readable_units(count: int, text: str) -> None:
    assert formats.file_size(count) == text
