"""Images of the digits that one cell gets right in most of its seeds and another in few."""

import pandas as pd
from matplotlib.figure import Figure

from sweep.core.errors import TrialsError
from sweep.core.formats import percent, plural
from sweep.report.figures import style
from sweep.report.figures.layout import EDGE, wrapped
from sweep.stats.digits import FEW, MOST, WhichDigits

MOST_DRAWN = 20  # on either side
COLUMNS = 10
SIDE, CAPTION, GAP = 0.8, 0.34, 0.14  # inches: of an image, of the two lines above it, between two
LINE = 0.19  # of a heading
BLOCK = 0.25  # between the two sides
WIDTH = 2 * EDGE + COLUMNS * SIDE + (COLUMNS - 1) * GAP


def draw_digits(digits: WhichDigits, cell: str, baseline: str) -> Figure:
    """Draw the digits that the cell gets right, and below them those of the baseline, strongest first.

    `cell` and `baseline` are the names of the two. Above each image are its class and the number of seeds
    of each that get it right. Raises TrialsError if there is nothing to draw.
    """
    if digits.not_drawn:
        raise TrialsError(digits.not_drawn)
    gained, lost = digits.expected_by_luck
    sides = [
        (digits.gained, _heading(digits, f"{cell} right, {baseline} wrong", len(digits.gained), luck=gained)),
        (digits.lost, _heading(digits, f"{baseline} right, {cell} wrong", len(digits.lost), luck=lost)),
    ]
    note = wrapped(_note(digits, cell, baseline), WIDTH - 2 * EDGE, style.SMALL)
    height = sum(_height(rows, heading) for rows, heading in sides)
    height += 2 * EDGE + BLOCK * len(sides) + LINE * (note.count("\n") + 1)
    figure, top = Figure(figsize=(WIDTH, height)), height - EDGE
    for rows, heading in sides:
        figure.text(EDGE / WIDTH, top / height, heading, va="top", fontsize=style.TITLE)
        _draw_images(figure, digits, rows[:MOST_DRAWN], top=top - LINE * (heading.count("\n") + 1))
        top -= _height(rows, heading) + BLOCK
    figure.text(EDGE / WIDTH, EDGE / height, note, va="bottom", fontsize=style.SMALL, color=style.GREY)
    return figure


def _heading(digits: WhichDigits, sides: str, count: int, *, luck: float) -> str:
    expected = "none" if luck < 0.05 else f"{luck:.1f}" if luck < 10 else f"{luck:.0f}"
    number = plural(count, digits.examples.noun) if count else f"no {digits.examples.noun}s"
    text = f"{sides}: {number}, {expected} expected by chance"
    text += f"; the {MOST_DRAWN} strongest" if count > MOST_DRAWN else ""
    return wrapped(text, WIDTH - 2 * EDGE, style.TITLE)


def _note(digits: WhichDigits, cell: str, baseline: str) -> str:
    noun = digits.examples.noun
    return (
        f"shown: {noun}s that one of the two gets right in at least {percent(MOST)} of its seeds and the"
        f" other in at most {percent(FEW)}; above each image: the class of the {noun}, and the number of"
        f" seeds that get it right, {cell} : {baseline}; by chance: the number to expect if the two did not"
        " differ"
    )


def _height(rows: pd.DataFrame, heading: str) -> float:
    """Return the inches of a side: its heading and its rows of images."""
    lines = -(-min(len(rows), MOST_DRAWN) // COLUMNS)
    return LINE * (heading.count("\n") + 1) + lines * (CAPTION + SIDE + GAP)


def _draw_images(figure: Figure, digits: WhichDigits, rows: pd.DataFrame, *, top: float) -> None:
    """Draw the images in rows of `COLUMNS`, from `top` inches down."""
    width, height = figure.get_size_inches()
    assert digits.examples.images is not None
    for position, row in enumerate(rows.to_dict("records")):
        line, column = divmod(position, COLUMNS)
        x = EDGE + column * (SIDE + GAP)
        y = top - (line + 1) * (CAPTION + SIDE + GAP) + GAP / 2
        panel = figure.add_axes((x / width, y / height, SIDE / width, SIDE / height))
        panel.imshow(digits.examples.images[row["example"]], cmap="gray_r", interpolation="nearest")
        panel.set_axis_off()
        name = digits.examples.class_names[row["label"]]
        counts = f"{row['right']}/{digits.seeds} : {row['baseline_right']}/{digits.baseline_seeds}"
        panel.set_title(f"{name}\n{counts}", fontsize=style.SMALL, pad=2)
