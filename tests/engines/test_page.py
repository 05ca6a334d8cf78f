"""The engine in docs/engines.md fulfils the contract."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.engines.problems import Setup, choices, data, gradient, initial, run, trained

from sweep.engines.engine import Engine

PAGE = (Path(__file__).parents[2] / "docs" / "engines.md").read_text(encoding="utf-8")


def engine_of_the_page() -> type[Engine]:
    (source,) = re.findall(r"```python\n# plain\.py\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {"__name__": "plain"}
    exec(source, names)
    engine = names["PlainEngine"]
    assert issubclass(engine, Engine)
    return engine


@pytest.mark.parametrize(("batch", "shared"), [(7, True), (7, False), (1, False)])
def test_page_engine_contract(batch: int, shared: bool) -> None:
    """The engine on the page computes the gradient, steps and outputs of `nn`."""
    setup = Setup(engine_of_the_page(), batch, shared)
    (features, targets), batches = data(9, 4), setup.rows(20, 3)
    for choice in choices():
        problem = setup.problem(**choice)
        parameters = initial(problem, 3)
        engine = setup.engine(problem, parameters)
        expected = gradient(problem, parameters, features, targets, batches[0])
        computed = engine.gradient(features, targets, batches[0])
        np.testing.assert_allclose(computed, expected, rtol=0, atol=1e-13 * np.abs(expected).max())
        expected = trained(problem, parameters, features, targets, batches, 0.02)
        computed = run(engine, features, targets, batches, 0.02)
        np.testing.assert_allclose(computed, expected, rtol=1e-10, atol=1e-10, err_msg=str(problem))
        assert engine.evaluation().outputs(features).shape == (3, len(features), 4)


def test_page_engine_select() -> None:
    """Selected seeds go on with the same bits."""
    setup = Setup(engine_of_the_page(), 7, False)
    (features, targets), batches = data(9, 4), setup.rows(6, 3)
    for choice in choices():
        problem = setup.problem(**choice)
        whole, engine = (setup.engine(problem, initial(problem, 3)) for _ in range(2))
        expected = run(whole, features, targets, batches, 0.02)[[2, 0]]
        run(engine, features, targets, batches[:3], 0.02)
        rest = [rows[[2, 0]] for rows in batches[3:]]
        np.testing.assert_array_equal(run(engine.select([2, 0]), features, targets, rest, 0.02), expected)
