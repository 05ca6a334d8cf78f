"""The digits that one cell gets right in most of its seeds and another in few, as images."""

import textwrap

import pandas as pd
from matplotlib.figure import Figure

from sweep.core.errors import TrialsError
from sweep.core.formats import percent, plural
from sweep.report.figures import style
from sweep.report.figures.layout import EDGE, LETTER
from sweep.stats.digits import FEW, MOST, WhichDigits

MOST_DRAWN = 20  # on either side
COLUMNS = 10
SIDE, CAPTION, GAP = 0.8, 0.34, 0.14  # inches: of an image, of the two lines above it, between two
LINE = 0.19  # of a heading
BLOCK = 0.25  # between the two sides


def draw_digits(found: WhichDigits, cell: str, baseline: str) -> Figure:
    """The digits that the cell gets right, and below them those that the baseline does, strongest first.

    `cell` and `baseline` are what the two are called. Above each image stand its class, and in how many of
    its seeds each of the two is right. Raises TrialsError where there is nothing to draw.
    """
    if found.not_drawn:
        raise TrialsError(found.not_drawn)
    width = 2 * EDGE + COLUMNS * SIDE + (COLUMNS - 1) * GAP
    sides = [
        (found.gained, _heading(found, cell, baseline, len(found.gained), found.expected_by_luck[0], width)),
        (found.lost, _heading(found, baseline, cell, len(found.lost), found.expected_by_luck[1], width)),
    ]
    note = textwrap.wrap(_note(found, cell, baseline), int((width - 2 * EDGE) / LETTER))
    height = sum(_height(rows, heading) for rows, heading in sides)
    height += 2 * EDGE + BLOCK * len(sides) + LINE * len(note)
    figure, top = Figure(figsize=(width, height)), height - EDGE
    for rows, heading in sides:
        figure.text(EDGE / width, top / height, heading, va="top", fontsize=style.TITLE)
        _images(figure, found, rows[:MOST_DRAWN], top - LINE * (heading.count("\n") + 1))
        top -= _height(rows, heading) + BLOCK
    below = "\n".join(note)
    figure.text(EDGE / width, EDGE / height, below, va="bottom", fontsize=style.SMALL, color=style.GREY)
    return figure


def _heading(found: WhichDigits, better: str, worse: str, count: int, luck: float, width: float) -> str:
    expected = "none" if luck < 0.05 else f"{luck:.1f}" if luck < 10 else f"{luck:.0f}"
    digits = plural(count, found.examples.noun) if count else f"no {found.examples.noun}s"
    text = f"{better} right, {worse} wrong: {digits}, {expected} expected by luck"
    text += f"; the {MOST_DRAWN} strongest" if count > MOST_DRAWN else ""
    letters = int((width - 2 * EDGE) / (LETTER * style.TITLE / style.SMALL))
    return "\n".join(textwrap.wrap(text, letters))


def _note(found: WhichDigits, cell: str, baseline: str) -> str:
    return (
        f"{found.examples.noun}s that one cell gets right in at least {percent(MOST)} of its seeds and the"
        f" other in at most {percent(FEW)}; above each: its class, and how many seeds are right,"
        f" {cell} : {baseline}; by luck: how many there would be if the two cells were one"
    )


def _height(rows: pd.DataFrame, heading: str) -> float:
    """Inches of a side: its heading and its rows of images."""
    lines = -(-min(len(rows), MOST_DRAWN) // COLUMNS)
    return LINE * (heading.count("\n") + 1) + lines * (CAPTION + SIDE + GAP)


def _images(figure: Figure, found: WhichDigits, rows: pd.DataFrame, top: float) -> None:
    width, height = figure.get_size_inches()
    assert found.examples.images is not None
    for place, row in enumerate(rows.to_dict("records")):
        line, column = divmod(place, COLUMNS)
        x = EDGE + column * (SIDE + GAP)
        y = top - (line + 1) * (CAPTION + SIDE + GAP) + GAP / 2
        panel = figure.add_axes((x / width, y / height, SIDE / width, SIDE / height))
        panel.imshow(found.examples.images[row["example"]], cmap="gray_r", interpolation="nearest")
        panel.set_axis_off()
        name = found.examples.class_names[row["label"]]
        shares = f"{row['right']}/{found.seeds} : {row['baseline_right']}/{found.baseline_seeds}"
        panel.set_title(f"{name}\n{shares}", fontsize=style.SMALL, pad=2)
