"""The committed table, the page that follows from it, and its figure."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from benchmarks.statistics.cases import Case
from benchmarks.statistics.contrasts import MISSED

TABLE, PAGE = Path("benchmarks/statistics.csv"), Path("benchmarks/statistics.md")
HEAD = "| method | seeds | n | simulations | result | ± | limits | holds |"
RULE = "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |"
INTRODUCTION = """\
# Simulations of the statistics

Written by `python -m benchmarks.statistics --write`, through the package's own functions;
[docs/statistics.md](../docs/statistics.md) explains them. Skewed seeds are a negative gamma distribution of
shape 2.25 (skewness −1.33, the strongest in our own records); `spread` is that of the first cell, in units of
the second's. ± is the standard error of the simulation. `holds` is "yes" within the limits (an upper limit
alone has two standard errors for noise), "no" outside, "not offered" where the package gives no verdict.
"""


def table_of(cases: Sequence[Case]) -> pd.DataFrame:
    """Return one row a case."""
    rows = [asdict(case) | {"standard_error": case.standard_error, "holds": case.holds} for case in cases]
    return pd.DataFrame(rows).round({"percent": 3, "plan": 3, "standard_error": 3, "low": 3, "high": 3})


def read() -> pd.DataFrame:
    """Return the committed table; empty if there is none."""
    return pd.read_csv(TABLE, dtype={"n": str}, keep_default_na=True) if TABLE.exists() else pd.DataFrame()


def write(table: pd.DataFrame) -> None:
    """Write the table and its page."""
    table.to_csv(TABLE, index=False)
    PAGE.write_text(page(read()), encoding="utf-8")


def page(table: pd.DataFrame) -> str:
    """Return the table as Markdown, one section a part."""
    parts = [INTRODUCTION, summary(table)]
    for part, section in table.groupby("part", sort=False):
        lines = [f"## {_capital(str(part))}", ""]
        for measure, rows in section.groupby("measure", sort=False):
            lines += [f"{_capital(str(measure))}:", "", HEAD, RULE]
            lines += [_line(row) for row in rows.to_dict("records")] + [""]
        parts.append("\n".join(lines))
    return "\n".join(parts)


def summary(table: pd.DataFrame) -> str:
    """Return a list of the rows that miss their limits."""
    missing = table[table["holds"] == "no"]
    holding = int((table["holds"] == "yes").sum())
    lines = [f"Of {holding + len(missing)} rows with limits, {holding} hold. What misses:", ""]
    lines += [
        f"- {row['part']}, {row['method']}, {row['seeds']}, n = {row['n']}: {row['percent']:.1f} %"
        + (f", planned {row['plan']:.1f} %" if row["plan"] == row["plan"] else "")
        + (" (the safe side)" if row["measure"] == MISSED and row["percent"] < row["low"] else "")
        for row in missing.to_dict("records")
    ]
    return "\n".join(lines) + "\n"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _line(row: dict[Any, Any]) -> str:
    percent, error = row["percent"], row["standard_error"]
    limits = "" if pd.isna(row["high"]) else _limits(row)
    texts = [
        row["method"],
        row["seeds"],
        row["n"],
        f"{row['simulations']:,}",
        "" if pd.isna(percent) else f"{percent:.1f}",
        "" if pd.isna(error) else f"{error:.1f}",
        limits,
        "" if pd.isna(row["holds"]) else row["holds"],
    ]
    return f"| {' | '.join(map(str, texts))} |"


def _limits(row: dict[Any, Any]) -> str:
    if not pd.isna(row["plan"]):
        return f"{row['plan']:.1f} ± 5"
    return f"at most {row['high']:g}" if row["low"] == 0 else f"{row['low']:g} to {row['high']:g}"
