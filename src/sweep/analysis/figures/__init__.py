"""Figures over seeds: means, how sure they are, and which of their differences are real.

`draw_all` chooses and writes the figures of a sweep; `draw_curves`, `draw_accuracy`, `draw_differences` and
`draw_heatmap` draw one; `Against` is what they know of differences, `note` what stands below a figure.
`style` is the look that the figures of papers share.
"""

from sweep.analysis.figures.accuracy import draw_accuracy, draw_cells
from sweep.analysis.figures.against import Against
from sweep.analysis.figures.differences import draw_differences
from sweep.analysis.figures.heatmap import draw_heatmap
from sweep.analysis.figures.learning_curves import PARTS, draw_curves
from sweep.analysis.figures.notes import note
from sweep.analysis.figures.sweep_figures import MOST_FIGURES, Drawn, draw_all

__all__ = [
    "MOST_FIGURES",
    "PARTS",
    "Against",
    "Drawn",
    "draw_accuracy",
    "draw_all",
    "draw_cells",
    "draw_curves",
    "draw_differences",
    "draw_heatmap",
    "note",
]
