"""Figures over seeds: mean and one standard deviation, drawn with seaborn.

`draw_all` chooses and writes the figures of a sweep; `draw_curves` and `draw_accuracy` draw one;
`note` is what stands below it. `style` is the look that the figures of papers share.
"""

from sweep.analysis.figures.accuracy import draw_accuracy, draw_cells
from sweep.analysis.figures.curves import PARTS, draw_curves
from sweep.analysis.figures.notes import note
from sweep.analysis.figures.sweep_figures import MOST_FIGURES, Drawn, draw_all

__all__ = ["MOST_FIGURES", "PARTS", "Drawn", "draw_accuracy", "draw_all", "draw_cells", "draw_curves", "note"]
