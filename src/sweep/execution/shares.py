"""How the functions that must be compiled are divided among processes."""

from collections.abc import Iterable, Sequence

from sweep.engines.engine import Compilation


def shares(needed: Iterable[Sequence[Compilation]], count: int) -> list[list[Compilation]]:
    """All compilations that are needed, each of them once, in `count` shares of about equal length.

    The longest compilations come first, and each goes to the share that is shortest so far. One that must
    come after the others goes to the end of the longest share, by which time they are done. Every process
    computes the same shares.
    """
    distinct = dict.fromkeys(each for compilations in needed for each in compilations)
    found: list[list[Compilation]] = [[] for _ in range(count)]
    for compilation in sorted(distinct, key=lambda each: (each.last, -each.seconds)):
        choose = max if compilation.last else min
        choose(found, key=_seconds).append(compilation)
    return found


def _seconds(share: Sequence[Compilation]) -> float:
    return sum(compilation.seconds for compilation in share)
