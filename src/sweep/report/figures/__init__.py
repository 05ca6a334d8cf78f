"""Figures over seeds: means, how certain they are, and which of their differences are real.

`draw_all` chooses the figures of a sweep and writes them. `draw_answer`, `draw_curves`, `draw_accuracy`,
`draw_differences` and `draw_heatmap` each draw one kind. `BaselineComparison` holds the differences to mark;
`note` describes the seeds below a figure. The figures of papers share the look, in `style`.
"""

from sweep.report.figures.accuracy import draw_accuracy, draw_cells
from sweep.report.figures.answer import draw_answer
from sweep.report.figures.curves import PARTS, draw_curves
from sweep.report.figures.differences import draw_differences
from sweep.report.figures.heatmap import draw_heatmap
from sweep.report.figures.marks import BaselineComparison
from sweep.report.figures.plan import MOST_FIGURES, Drawn, draw_all, note

__all__ = [
    "MOST_FIGURES",
    "PARTS",
    "BaselineComparison",
    "Drawn",
    "draw_accuracy",
    "draw_all",
    "draw_answer",
    "draw_cells",
    "draw_curves",
    "draw_differences",
    "draw_heatmap",
    "note",
]
