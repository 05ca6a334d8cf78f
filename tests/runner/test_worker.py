"""Compilations are shared out: nothing twice, about equally long, dependent parts last."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.processes import python

from sweep.engines.compiled import gemm
from sweep.engines.engine import Compilation
from sweep.runner.worker import compilation_shares


@dataclass(frozen=True)
class Timed(Compilation):
    """A compilation that takes so long."""

    name: int
    seconds: float = 1.0
    last: bool = False

    def compile(self) -> None:
        """Nothing."""


@given(
    st.lists(st.floats(0.1, 3), max_size=12).map(lambda all: [Timed(*pair) for pair in enumerate(all)]),
    st.integers(1, 9),
)
def test_shares_are_balanced(needed: list[Timed], count: int) -> None:
    """Each compilation is in one share. By Graham (1969), longest first, the longest share takes at most 4/3
    of the best possible."""
    shares = compilation_shares([needed, needed[::-1], needed[:3]], count)
    assert len(shares) == count
    assert sorted(part.name for share in shares for part in share) == [part.name for part in needed]
    longest = max(sum(part.seconds for part in share) for share in shares)
    assert longest <= sum(part.seconds for part in needed) / count + max(
        (e.seconds for e in needed), default=0
    )


def test_dependent_compilation_is_last() -> None:
    """A compilation that needs the others comes when they are done."""
    parts = [Timed(0, 5, last=True), Timed(1, 2), Timed(2, 3), Timed(3, 2)]
    assert compilation_shares([parts], 2) == [[parts[2]], [parts[1], parts[3], parts[0]]]


SHARES = """
import sys
from sweep.config.compose import from_settings
from sweep.runner.plan import make_plan
from sweep.runner.worker import compile_share
settings = {"hidden": 4, "data": {"train_size": 100}, "results": sys.argv[1]}
configs = from_settings({**settings, "grid": {"product": {"batch_size": [1, 20]}}})
plan = make_plan(configs, 2)
compile_share(plan.cells, 0, 2)
compile_share(plan.cells, 1, 2)
from sweep.engines.compiled import formulas, gemm, packing, single_step
functions = [gemm.multiply, gemm.add_products, packing.gather, formulas.shift, single_step.single_step]
print([len(function.signatures) for function in functions])
"""


@pytest.mark.skipif(not gemm.AVAILABLE, reason="no fused multiply-adds: mini-batches are not compiled")
def test_shares_cover_the_plan(tmp_path: Path) -> None:
    """The shares of all workers compile what the plan needs; in a new process, as other tests have compiled
    here."""
    done = python(tmp_path, "-c", SHARES, str(tmp_path / "results"))
    assert done.stdout == "[1, 1, 1, 1, 1]\n", done.stderr
