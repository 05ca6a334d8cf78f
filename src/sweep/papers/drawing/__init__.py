"""General functions that draw a paper's figures; paper.yaml picks them by name.

A new kind of figure is one function and its entry in `FIGURES`. Each function gets the paper's records; the
`settings` of the figure are its keyword arguments, and its annotations say which values are allowed.
"""

from collections.abc import Callable

from matplotlib.figure import Figure

from sweep.papers.drawing.functions import activation, measured_lines, output_gradients
from sweep.papers.drawing.images import confusion, hardest_digits, sample_digits
from sweep.papers.drawing.plane import decision, descent, points
from sweep.papers.drawing.training import class_errors, learning_curves

FIGURES: dict[str, Callable[..., Figure]] = {
    "curves": learning_curves,
    "class_errors": class_errors,
    "confusion": confusion,
    "hardest_digits": hardest_digits,
    "sample_digits": sample_digits,
    "descent": descent,
    "decision": decision,
    "points": points,
    "activation": activation,
    "output_gradients": output_gradients,
    "measured": measured_lines,
}

# How figures treat the seeds if they do not show mean and standard deviation.
SEEDS_SHOWN = {
    "class_errors": "mean over {} seeds",
    "confusion": "mean over {} seeds",
    "hardest_digits": "the first of {} seeds",
    "sample_digits": "",  # shows the data, which are the same for all seeds
    "decision": "the first of {} seeds",
}

__all__ = [
    "FIGURES",
    "SEEDS_SHOWN",
    "activation",
    "class_errors",
    "confusion",
    "decision",
    "descent",
    "hardest_digits",
    "learning_curves",
    "measured_lines",
    "output_gradients",
    "points",
    "sample_digits",
]
