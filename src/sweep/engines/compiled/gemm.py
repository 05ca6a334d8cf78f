"""Products of packed matrices (see `packing`), computed by the micro-kernel a few rows and packs at a time.

Each number of a product is a chain of fused multiply-adds along the inner dimension, which is cut at every
`DEPTH` and added up. The chain does not depend on the number of rows, packs or seeds in the same call, so the
bits of a seed do not depend on its neighbours.
"""

from typing import Any

from numpy.typing import NDArray

from sweep.engines.compiled.formulas import add_penalty, update
from sweep.engines.compiled.jit import compiled
from sweep.engines.compiled.microkernel import SHORT, TALL, VECTOR_BYTES, micro_kernel
from sweep.engines.compiled.microkernel import transpose as transpose_square
from sweep.nn import Array

AVAILABLE = VECTOR_BYTES > 0
DEPTH = 128  # numbers of the inner dimension at a time: two packs of that length fit the first-level cache
ROWS = 256  # rows of the inputs at a time: they fit the second-level cache

# mypy does not see the signature behind Numba's decorator.
_transpose_square: Any = transpose_square
if AVAILABLE:
    _tall, _tall_single, _short, _short_single, _row, _row_single = (
        micro_kernel(height, vectors) for height in (TALL, SHORT, 1) for vectors in (2, 1)
    )
    _down, _down_single, _row_down, _row_down_single = (
        micro_kernel(height, vectors, transposed=True) for height in (SHORT, 1) for vectors in (2, 1)
    )


@compiled
def _calls(rows: int, padded: bool) -> tuple[int, int]:
    """Return the numbers of calls of the tall and of the short micro-kernel that cover so many rows.

    If the rows are `padded`, they may cover a few rows too many. If not, they leave the last few rows to the
    micro-kernel of one row.
    """
    covered = rows
    while True:
        for short in range(TALL):
            left = covered - short * SHORT
            if left >= 0 and left % TALL == 0:
                return left // TALL, short
        covered += 1 if padded else -1


@compiled
def multiply(inputs: Array, packed: bool, weights: Array, out: Array) -> None:
    """Set out <- inputs @ weights, of all seeds.

    `inputs`, read-only, is (seeds or 1, packs, batch + SHORT, lanes) if `packed`, otherwise (1, 1, batch,
    rows) in row-major order. `weights` is (seeds, packs, rows, lanes), `out` (seeds, packs, batch + SHORT,
    lanes). If all seeds have the same inputs, the packs of all seeds' weights are multiplied like one matrix.
    """
    seeds, packs, rows, width = weights.shape
    room = out.shape[2]
    batch = room - SHORT
    seed_size, a_pack = inputs.shape[1] * room * width, room * width
    a_row = width if packed else rows
    if inputs.shape[0] == 1:
        seeds, packs = 1, seeds * packs
    one = out.dtype.type(1)
    at_once = -(-batch // -(-batch // ROWS))
    for seed in range(seeds):
        for start in range(0, batch, at_once):
            count = min(at_once, batch - start)
            tall, short = _calls(count, packed)
            at = 0
            while at < rows:
                left = min(DEPTH, rows - at)
                outer, inner, a_at = 1, left, at
                if packed:
                    # First the whole packs of the inputs, then the columns of a last pack that is not full.
                    outer, inner = (left // width, width) if left >= width else (1, left)
                    a_at = seed * seed_size + at // width * a_pack
                for pack in range(0, packs, 2):
                    first = seed * packs + pack
                    pair = pack + 1 < packs
                    b = (weights, (first * rows + at) * width, rows * width)
                    row, called = start, 0
                    while row < start + count:
                        a = (inputs, a_at + row * a_row, a_row, a_pack, inner, outer)
                        to = (out, (first * room + row) * width, room * width, one, at > 0)
                        if called < tall:
                            if pair:
                                _tall(*a, *b, *to)
                            else:
                                _tall_single(*a, *b, *to)
                            row += TALL
                        elif called < tall + short:
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
                        called += 1
                at += inner * outer


@compiled
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
    penalty: int,
    strength: Any,
) -> None:
    """Set out <- scale * inputs' @ delta of all seeds; with `add`, out <- out + scale * inputs' @ delta.

    `inputs` is (seeds or 1, packs, batch + SHORT, lanes), `delta` (seeds, packs, batch + SHORT, lanes);
    `out`, `weights`, `first` and `second` are (seeds, packs, rows, lanes). Unless `rule` and `penalty` are 0,
    the penalty's gradient is then added to `out`, and `weights` take a step of `rule` with it (see
    `formulas.update`). This happens for two packs at a time, while their gradient is still in the cache.
    """
    seeds, packs, rows, width = out.shape
    room = delta.shape[2]
    batch = room - SHORT
    if inputs.shape[0] == 1:
        seeds, packs = 1, seeds * packs
    depth = -(-batch // -(-batch // DEPTH))
    for seed in range(seeds):
        seed_at = seed * inputs.shape[1] * room * width
        for start in range(0, batch, depth):
            count, adding = min(depth, batch - start), add or start > 0
            for pack in range(0, packs, 2):
                pair = pack + 1 < packs
                position = seed * packs + pack
                b = (delta, (position * room + start) * width, room * width)
                row = 0
                while row < rows:
                    a_at = seed_at + (row // width * room + start) * width + row % width
                    a = (inputs, a_at, 1, 0, count, 1)
                    to = (out, (position * rows + row) * width, rows * width, scale, adding)
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
                if (rule != 0 or penalty != 0) and start + count == batch:
                    done = slice(position * rows * width, (position + 1 + pair) * rows * width)
                    gradient, parameters = out.reshape(-1)[done], weights.reshape(-1)[done]
                    add_penalty(gradient, parameters, penalty, strength)
                    update(
                        parameters,
                        gradient,
                        first.reshape(-1)[done],
                        second.reshape(-1)[done],
                        rule,
                        numbers,
                    )


@compiled
def transpose(weights: Array, out: Array) -> None:
    """Transpose matrices: (seeds, packs, rows, lanes) to (seeds, packs, columns, lanes).

    `out` has as many rows as the packs of `weights` have columns.
    """
    seeds, packs, rows, width = weights.shape
    columns = packs * width
    whole = rows // width
    for seed in range(seeds):
        for pack in range(packs):
            for part in range(whole):
                at = ((seed * packs + pack) * rows + part * width) * width
                to = ((seed * out.shape[1] + part) * columns + pack * width) * width
                _transpose_square(weights, at, out, to)
            for row in range(whole * width, rows):
                for lane in range(width):
                    out[seed, whole, pack * width + lane, row - whole * width] = weights[
                        seed, pack, row, lane
                    ]


@compiled
def add_sums(delta: Array, ones: Array, bias: Array, scale: Any, add: bool) -> None:
    """Set bias <- scale * (the sum of delta over the batch), or with `add` bias <- bias + that.

    `delta` is (seeds, packs, batch + SHORT, lanes), `bias` (seeds, packs, 1, lanes), `ones` (batch,) of ones.
    """
    room, width = delta.shape[2:]
    packs = delta.shape[0] * delta.shape[1]
    for pack in range(0, packs, 2):
        a = (ones, 0, 0, 0, room - SHORT, 1)
        b = (delta, pack * room * width, room * width)
        to = (bias, pack * width, width, scale, add)
        if pack + 1 < packs:
            _row(*a, *b, *to)
        else:
            _row_single(*a, *b, *to)
