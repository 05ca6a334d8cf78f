"""Figures over seeds: means, how sure they are, and which of their differences are real.

`draw_all` chooses and writes the figures of a sweep. `draw_curves`, `draw_accuracy`, `draw_differences` and
`draw_heatmap` draw one. `BaselineComparison` is what they know of differences, `note` what stands below one.
`style` is the look that the figures of papers share.
"""

from sweep.report.figures.accuracy import draw_accuracy, draw_cells
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
    "draw_cells",
    "draw_curves",
    "draw_differences",
    "draw_heatmap",
    "note",
]
