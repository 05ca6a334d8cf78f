"""What has to be compiled, shared out: nothing twice, about equally long, dependent parts last."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.processes import python

from sweep.engines.compiled import gemm
from sweep.engines.engine import Compilation
from sweep.runner.worker import shares


@dataclass(frozen=True)
class Timed(Compilation):
    """A compilation that takes so long."""

    name: int
    seconds: float = 1.0
    last: bool = False

    def compile(self) -> None:
        """Nothing."""


@given(
    st.lists(st.floats(0.1, 3), max_size=12).map(lambda all: [Timed(*each) for each in enumerate(all)]),
    st.integers(1, 9),
)
def test_each_once_and_about_equally_long(needed: list[Timed], count: int) -> None:
    """Graham (1969): longest first, the longest share takes at most 4/3 of the best possible."""
    found = shares([needed, needed[::-1], needed[:3]], count)
    assert len(found) == count
    assert sorted(each.name for share in found for each in share) == [each.name for each in needed]
    longest = max(sum(each.seconds for each in share) for share in found)
    assert longest <= sum(each.seconds for each in needed) / count + max(
        (e.seconds for e in needed), default=0
    )


def test_what_needs_the_others_comes_when_they_are_done() -> None:
    parts = [Timed(0, 5, last=True), Timed(1, 2), Timed(2, 3), Timed(3, 2)]
    assert shares([parts], 2) == [[parts[2]], [parts[1], parts[3], parts[0]]]


SHARES = """
import sys
from sweep.config.compose import from_settings
from sweep.runner.plan import make_plan
from sweep.runner.worker import ready
settings = {"hidden": 4, "data": {"train_size": 100}, "results": sys.argv[1]}
configs = from_settings({**settings, "grid": {"product": {"batch_size": [1, 20]}}})
plan = make_plan(configs, 2)
ready(plan.cells, 0, 2)
ready(plan.cells, 1, 2)
from sweep.engines.compiled import formulas, gemm, packing, single_step
functions = [gemm.multiply, gemm.add_products, packing.gather, formulas.shift, single_step.single_step]
print([len(function.signatures) for function in functions])
"""


@pytest.mark.skipif(not gemm.AVAILABLE, reason="no fused multiply-adds: mini-batches are not compiled")
def test_the_shares_of_all_workers_are_what_the_plan_needs(tmp_path: Path) -> None:
    """In a process of its own: here other tests have compiled."""
    done = python(tmp_path, "-c", SHARES, str(tmp_path / "results"))
    assert done.stdout == "[1, 1, 1, 1, 1]\n", done.stderr
