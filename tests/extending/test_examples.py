"""docs/extending.md, word for word: each module is found, trains from the command line, and is recorded."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.extending.page import EXAMPLES, settled

from sweep.config.tables import TABLES


def test_page_has_an_example_of_each_kind() -> None:
    kinds = re.findall(r'\bregister\("(\w+)"', "".join(source for source, _ in EXAMPLES.values()))
    assert sorted(set(TABLES) - {"output"}) == sorted(kinds)  # an output is an object as an activation is


AXES: dict[str, tuple[str, list[Any], list[str]]] = {
    # the column of the axis, its values, and what the command needs besides
    "quick_gelu": ("activation", ["relu", "quick_gelu"], []),
    "root": ("optimizer.rho", [0.9, 0.99], []),
    "elastic": ("regularization.ratio", [0.2, 0.8], []),
    "huber": ("loss_delta", [0.1, 1.0], ["output=identity"]),
    "scaled": ("initializer_gain", [0.5, 2.0], []),
    "exponential": ("schedule.gamma", [0.5, 0.9], ["epochs=3"]),
    "rings": ("hidden", [4, 8], ["parallel.n_jobs=2"]),
    "gap": ("hidden", [4, 8], []),
}


@pytest.mark.part(3)
@pytest.mark.parametrize("name", AXES)
def test_example_trains_and_its_setting_is_an_axis(tmp_path: Path, name: str) -> None:
    column, values, more = AXES[name]
    more = [*more, "figures=true"] if name == "gap" else more
    trials = settled(tmp_path, name, *more)
    assert set(trials["status"]) == {"completed"}
    assert sorted(trials[column], key=str) == sorted([*values, *values], key=str)
    # Each value trains another network, and the table has a row for each.
    assert trials["weights_sha256"].nunique() == 4
    (summary,) = tmp_path.glob("multirun/*/*/summary.csv")
    assert [str(value) for value in pd.read_csv(summary)[column]] == [str(value) for value in values]
    if name == "gap":
        assert (summary.parent / "figures" / "gap.png").stat().st_size > 1000


def test_gradients_of_the_examples_are_right(tmp_path: Path) -> None:
    """The page teaches no wrong derivative: they are those of central differences."""
    spaces: dict[str, dict[str, Any]] = {}
    for name in ("quick_gelu", "huber", "elastic"):
        source = EXAMPLES[name][0].replace(", register", "")
        spaces[name] = {"register": lambda kind, name, entry=None: entry or (lambda decorated: decorated)}
        exec(source, spaces[name])
    z = np.linspace(-3, 3, 7)
    gelu = spaces["quick_gelu"]

    def value(at: Any) -> Any:
        gelu["apply"](at)
        return at

    delta = np.ones(7)
    gelu["backward"](delta, z)
    assert delta == pytest.approx((value(z + 1e-6) - value(z - 1e-6)) / 2e-6, rel=1e-6)
    loss, a, y = spaces["huber"]["Huber"](0.7), np.array([[[0.1, -2.0, 0.3]]]), np.zeros((1, 1, 3))
    slopes = a.copy()
    loss.gradient(slopes, y)
    shifts = 1e-6 * np.eye(3)[:, None, None]
    found = [(loss.examples(a, a + s, y) - loss.examples(a, a - s, y)).item() / 2e-6 for s in shifts]
    assert slopes.ravel() == pytest.approx(found)
    penalty, weights, gradient = spaces["elastic"]["Elastic"](0.1, 0.3), np.array([0.5, -2.0]), np.zeros(2)
    penalty.add_gradient(gradient, weights)
    found = [(penalty.penalty(weights + s) - penalty.penalty(weights - s)) / 2e-6 for s in 1e-6 * np.eye(2)]
    assert gradient == pytest.approx(found)
