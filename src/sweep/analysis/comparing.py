"""What `python -m sweep.compare` does: stored cells are compared, nothing is trained."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from sweep.analysis.aggregate import METRICS
from sweep.analysis.factors import one_to_one
from sweep.analysis.judged_page import JudgedPage
from sweep.analysis.judged_sweep import judge_sweep
from sweep.analysis.matching import matching, ordered, varying
from sweep.analysis.statistics.comparison import Baseline, check_comparable
from sweep.analysis.statistics.terms import Terms
from sweep.config.effects import needs
from sweep.errors import TrialsError, nearest
from sweep.records.table import load, load_curves

# Columns in which cells may differ that are not settings.
_HIDDEN = ("data.digest", "numerics")


def judged_page(
    results: Path, where: Mapping[str, Sequence[Any]], terms: Terms, baseline: Baseline
) -> JudgedPage:
    """The stored cells whose settings are among those of `where`, judged against the baseline.

    Raises SweepError where nothing is stored, no cell has these settings, or they were tested on different
    examples.
    """
    if terms.metric not in METRICS:
        names = ", ".join(METRICS)
        raise TrialsError(
            f"metric={terms.metric}: must be one of {names}{nearest(str(terms.metric), METRICS)}"
        )
    trials = load(results, bits=terms.metric == "test_accuracy")
    if trials.empty:
        raise TrialsError(f"{results}: no records; python -m sweep trains some")
    trials = matching(trials, where)
    check_comparable(trials, terms.metric)
    axes = _axes(trials)
    cells = trials[["cell", *axes]].drop_duplicates()
    cells = cells.sort_values(axes, key=_places) if axes else cells
    trials = trials.set_index("cell").loc[cells["cell"].unique()].reset_index()
    label = ", ".join(dict.fromkeys(str(name) for name in trials["data_label"].dropna()))
    judged = judge_sweep(trials, cells, axes, terms, baseline)
    if judged.reason:
        raise TrialsError(judged.reason)
    return JudgedPage(judged, axes, label)


def draw_page(page: JudgedPage, results: Path, folder: Path, console: Console) -> None:
    """Draw the figures of a page into `folder`."""
    from sweep.analysis.judged_figures import draw_figures

    cells = page.judged.summary[["cell", *page.axes]]
    curves = load_curves(results, cells["cell"])
    draw_figures(page.judged, cells, curves, page.axes, page.settings, folder, console)


def _axes(trials: pd.DataFrame) -> list[str]:
    """The settings in which the cells differ, except those that only follow another one of them."""
    settings = [str(name) for name in trials.columns[2 : list(trials).index("status")]]
    found = varying(trials, [name for name in settings if name not in _HIDDEN])
    texts = {name: list(map(str, trials[name])) for name in found}
    return [name for name in found if not any(_comes_with(name, other, texts) for other in found)]


def _comes_with(name: str, other: str, texts: Mapping[str, list[str]]) -> bool:
    """Whether a setting needs another one to have an effect, and its values go one to one with that one's."""
    needed = {need.key.removesuffix(".name") for need in needs().get(name, ())}
    return other in needed and one_to_one(texts[name], texts[other])


def _places(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """The place of each value of a setting in their order, to sort by."""
    places = {str(value): place for place, value in enumerate(ordered(column))}
    return column.map(lambda value: places[str(value)])
