"""What has to be compiled, shared out among processes."""

from collections.abc import Iterable, Sequence

from sweep.engines.engine import Compilation


def shares(needed: Iterable[Sequence[Compilation]], count: int) -> list[list[Compilation]]:
    """Each compilation that is needed once, in `count` shares that take about equally long.

    The longest first, each to the share that is shortest so far. One that is quick only after the others goes
    to the end of the longest share, when they are done. Every process finds the same shares.
    """
    distinct = dict.fromkeys(each for compilations in needed for each in compilations)
    found: list[list[Compilation]] = [[] for _ in range(count)]
    for compilation in sorted(distinct, key=lambda each: (each.last, -each.seconds)):
        choose = max if compilation.last else min
        choose(found, key=_seconds).append(compilation)
    return found


def _seconds(share: Sequence[Compilation]) -> float:
    return sum(compilation.seconds for compilation in share)
