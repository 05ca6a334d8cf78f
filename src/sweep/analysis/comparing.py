"""What `python -m sweep.compare` does: stored cells are compared, nothing is trained."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from sweep.analysis.aggregate import METRICS
from sweep.analysis.axes import axes_of, by_axes
from sweep.analysis.judged_page import JudgedPage
from sweep.analysis.judged_sweep import judge_sweep
from sweep.analysis.matching import matching
from sweep.analysis.mixture import mixture
from sweep.analysis.statistics.comparison import Baseline, check_comparable
from sweep.analysis.statistics.terms import Terms
from sweep.errors import TrialsError, nearest
from sweep.records.table import load, load_curves


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
    axes = axes_of(trials, [str(name) for name in trials.columns[2 : list(trials).index("status")]])
    cells = by_axes(trials[["cell", *axes]].drop_duplicates(), axes)
    trials = trials.set_index("cell").loc[cells["cell"].unique()].reset_index()
    label = ", ".join(dict.fromkeys(str(name) for name in trials["data_label"].dropna()))
    judged = judge_sweep(trials, cells, axes, terms, baseline)
    if judged.reason:
        raise TrialsError(judged.reason)
    return JudgedPage(judged, axes, label, mixture(trials))


def draw_page(page: JudgedPage, results: Path, folder: Path, console: Console) -> None:
    """Draw the figures of a page into `folder`."""
    from sweep.analysis.judged_figures import draw_figures

    cells = page.judged.summary[["cell", *page.axes]]
    curves = load_curves(results, cells["cell"])
    draw_figures(page.judged, cells, curves, page.axes, page.settings, folder, console)
