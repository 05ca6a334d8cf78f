"""Products of matrices in panels (see `panels`), compiled by Numba from the tiles of `tiles`.

A number of a product is a sum of chains of fused multiply-adds, cut at every `DEPTH` of the inner dimension,
whatever else is computed beside it: the bits of a seed do not depend on its neighbours.
"""

from collections.abc import Callable
from typing import Any

import numba
from numpy.typing import NDArray

from sweep.nn.compiled import Rule, update
from sweep.nn.tiles import SHORT, TALL, VECTOR_BYTES, tile, transpose
from sweep.types import Array

AVAILABLE = VECTOR_BYTES > 0
DEPTH = 128  # of the inner dimension at a time: two panels stay in the first cache
ROWS = 256  # of the inputs at a time, which stay in the second cache

_PLAIN = int(Rule.sgd)

_compiled: Callable[[Any], Any] = numba.njit(cache=True, nogil=True, error_model="numpy")
# Numba's decorator hides from mypy how its functions are called.
_transpose: Any = transpose
if AVAILABLE:
    _tall, _tall_single, _short, _short_single, _row, _row_single = (
        tile(height, vectors) for height in (TALL, SHORT, 1) for vectors in (2, 1)
    )
    _down, _down_single, _row_down, _row_down_single = (
        tile(height, vectors, transposed=True) for height in (SHORT, 1) for vectors in (2, 1)
    )


@_compiled
def _tiling(rows: int, room: bool) -> tuple[int, int]:
    """How many tall and how many short tiles cover so many rows: just all of them where there is room for
    more, else as many as can be without one too much."""
    covered = rows
    while True:
        for short in range(TALL):
            left = covered - short * SHORT
            if left >= 0 and left % TALL == 0:
                return left // TALL, short
        covered += 1 if room else -1


@_compiled
def multiply(inputs: Array, weights: Array, out: Array) -> None:
    """out <- inputs @ weights, of all seeds.

    `inputs` is (seeds or 1, panels, batch + SHORT, lanes), or row-major (batch, rows), `weights` (seeds,
    panels, rows, lanes), `out` (seeds, panels, batch + SHORT, lanes). Where all seeds have the same inputs,
    their panels side by side are those of one matrix.
    """
    seeds, panels, rows, width = weights.shape
    room = out.shape[2]
    batch, in_panels = room - SHORT, inputs.ndim == 4
    own_size, a_row, a_panel = inputs.shape[1] * room * width, width, room * width
    if not in_panels:
        a_row = rows
    if not in_panels or inputs.shape[0] == 1:
        seeds, panels = 1, seeds * panels
    one = out.dtype.type(1)
    at_once = -(-batch // -(-batch // ROWS))
    for seed in range(seeds):
        for start in range(0, batch, at_once):
            count = min(at_once, batch - start)
            tall, short = _tiling(count, in_panels)
            at = 0
            while at < rows:
                left = min(DEPTH, rows - at)
                outer, inner, a_at = 1, left, at
                if in_panels:
                    # Whole panels of the inputs, and what is left of the last one by itself.
                    outer, inner = (left // width, width) if left >= width else (1, left)
                    a_at = seed * own_size + at // width * a_panel
                for panel in range(0, panels, 2):
                    first = seed * panels + panel
                    pair = panel + 1 < panels
                    b = (weights, (first * rows + at) * width, rows * width)
                    row, tile = start, 0
                    while row < start + count:
                        a = (inputs, a_at + row * a_row, a_row, a_panel, inner, outer)
                        to = (out, (first * room + row) * width, room * width, one, at > 0)
                        if tile < tall:
                            if pair:
                                _tall(*a, *b, *to)
                            else:
                                _tall_single(*a, *b, *to)
                            row += TALL
                        elif tile < tall + short:
                            if pair:
                                _short(*a, *b, *to)
                            else:
                                _short_single(*a, *b, *to)
                            row += SHORT
                        else:
                            if pair:
                                _row(*a, *b, *to)
                            else:
                                _row_single(*a, *b, *to)
                            row += 1
                        tile += 1
                at += inner * outer


@_compiled
def add_products(
    inputs: Array,
    delta: Array,
    out: Array,
    scale: Any,
    add: bool,
    weights: Array,
    first: Array,
    second: Array,
    rule: int,
    numbers: NDArray[Any],
) -> None:
    """out <- scale * inputs' @ delta, with `add` on top of what is there; shapes as in `multiply`.

    Then `weights` take a step of `rule` (see `compiled.update`), two panels at a time, while what has just
    been computed is still in the cache.
    """
    seeds, panels, rows, width = out.shape
    room = delta.shape[2]
    batch = room - SHORT
    if inputs.shape[0] == 1:
        seeds, panels = 1, seeds * panels
    depth = -(-batch // -(-batch // DEPTH))
    for seed in range(seeds):
        own = seed * inputs.shape[1] * room * width
        for start in range(0, batch, depth):
            count, adding = min(depth, batch - start), add or start > 0
            for panel in range(0, panels, 2):
                pair = panel + 1 < panels
                place = seed * panels + panel
                b = (delta, (place * room + start) * width, room * width)
                row = 0
                while row < rows:
                    a_at = own + (row // width * room + start) * width + row % width
                    a = (inputs, a_at, 1, 0, count, 1)
                    to = (out, (place * rows + row) * width, rows * width, scale, adding)
                    if row + SHORT <= rows:
                        if pair:
                            _down(*a, *b, *to)
                        else:
                            _down_single(*a, *b, *to)
                        row += SHORT
                    else:
                        if pair:
                            _row_down(*a, *b, *to)
                        else:
                            _row_down_single(*a, *b, *to)
                        row += 1
                if rule > _PLAIN and start + count == batch:
                    done = slice(place * rows * width, (place + 1 + pair) * rows * width)
                    update(
                        weights.reshape(-1)[done],
                        out.reshape(-1)[done],
                        first.reshape(-1)[done],
                        second.reshape(-1)[done],
                        rule,
                        numbers,
                    )


@_compiled
def turn(weights: Array, turned: Array) -> None:
    """Transpose matrices: (seeds, panels, rows, lanes) to (seeds, panels, columns, lanes).

    `turned` has as many rows as the panels of `weights` have columns.
    """
    seeds, panels, rows, width = weights.shape
    columns = panels * width
    whole = rows // width
    for seed in range(seeds):
        for panel in range(panels):
            for part in range(whole):
                at = ((seed * panels + panel) * rows + part * width) * width
                to = ((seed * turned.shape[1] + part) * columns + panel * width) * width
                _transpose(weights, at, turned, to)
            for row in range(whole * width, rows):
                for lane in range(width):
                    turned[seed, whole, panel * width + lane, row - whole * width] = weights[
                        seed, panel, row, lane
                    ]


@_compiled
def add_sums(delta: Array, ones: Array, bias: Array, scale: Any, add: bool) -> None:
    """bias <- scale * (the batch's sum of delta), added with `add`; `bias` is (seeds, panels, 1, lanes).

    `ones` are as many ones as there are examples.
    """
    room, width = delta.shape[2:]
    panels = delta.shape[0] * delta.shape[1]
    for panel in range(0, panels, 2):
        a = (ones, 0, 0, 0, room - SHORT, 1)
        b = (delta, panel * room * width, room * width)
        to = (bias, panel * width, width, scale, add)
        if panel + 1 < panels:
            _row(*a, *b, *to)
        else:
            _row_single(*a, *b, *to)
