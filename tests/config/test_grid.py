"""Grids against itertools, and values on their way through Hydra's own grammar."""

import itertools
import math
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from sweep.config import grid
from sweep.core.errors import SettingError

WIDTHS, RATES, NAMES = [16, 128, 256], [0.1, 0.01], ["relu", "tanh"]


def product(**axes: list[Any]) -> list[dict[str, Any]]:
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


def test_product_is_every_combination() -> None:
    """The last axis varies fastest."""
    axes = {"hidden": WIDTHS, "learning_rate": RATES, "activation": NAMES}
    assert grid.points({"product": axes}) == product(**axes)


def test_a_zip_goes_side_by_side() -> None:
    axes = {"depth": [1, 2, 3], "hidden": WIDTHS, "data.train_size": [10, 20, None]}
    expected = [
        {"depth": 1, "hidden": 16, "data.train_size": 10},
        {"depth": 2, "hidden": 128, "data.train_size": 20},
        {"depth": 3, "hidden": 256, "data.train_size": None},
    ]
    assert grid.points({"zip": axes}) == expected


def test_a_union_goes_one_after_the_other() -> None:
    first, second = {"hidden": WIDTHS, "bias": [True, False]}, {"momentum": [0.9]}
    found = grid.points({"union": [{"product": first}, {"zip": second}, {"union": [{"product": second}]}]})
    assert found == [*product(**first), {"momentum": 0.9}, {"momentum": 0.9}]


@pytest.mark.parametrize("parts", list(itertools.permutations(["product", "zip", "union"])))
def test_parts_of_one_grid_are_combined(parts: tuple[str, ...]) -> None:
    """The order is that of the parts."""
    content = {
        "product": {"hidden": WIDTHS, "activation": NAMES},
        "zip": {"depth": [1, 2], "epochs": [100, 300]},
        "union": [{"product": {"momentum": [0.0, 0.9]}}, {"zip": {"optimizer": ["adam"]}}],
    }
    points = {
        "product": product(**content["product"]),  # type: ignore[arg-type]
        "zip": [{"depth": 1, "epochs": 100}, {"depth": 2, "epochs": 300}],
        "union": [{"momentum": 0.0}, {"momentum": 0.9}, {"optimizer": "adam"}],
    }
    expected = [
        {key: value for point in combination for key, value in point.items()}
        for combination in itertools.product(*(points[part] for part in parts))
    ]
    assert grid.points({part: content[part] for part in parts}) == expected
    assert len(expected) == 6 * 2 * 3


def test_values_may_be_lists() -> None:
    assert grid.points({"product": {"hidden": [16, [300, 100]]}}) == [{"hidden": 16}, {"hidden": [300, 100]}]


def test_fixed_setting_removes_its_axis() -> None:
    """Each point that remains stands once."""
    axes = {"hidden": WIDTHS, "learning_rate": RATES, "activation": NAMES}
    points = grid.points({"product": axes})
    assert grid.without(points, []) == points
    assert grid.without(points, ["seeds"]) == points
    assert grid.without(points, ["learning_rate"]) == product(hidden=WIDTHS, activation=NAMES)
    assert grid.without(points, ["hidden", "activation"]) == product(learning_rate=RATES)
    assert grid.without(points, axes) == [{}]


def test_repetitions_among_lists_and_numbers() -> None:
    layers: list[Any] = [[300, 100], 16, [300, 100], [100, 300], 16.0, None, {"a": [1]}, {"a": [1]}]
    points = grid.points({"product": {"hidden": layers, "activation": NAMES}})
    expected: list[Any] = []
    for point in points:
        if {"hidden": point["hidden"]} not in expected:
            expected.append({"hidden": point["hidden"]})
    assert grid.without(points, ["activation"]) == expected
    assert len(expected) == 5


@pytest.mark.parametrize(
    ("malformed", "place"),
    [
        ({}, "grid={}"),
        ([], "grid=[]"),
        ([{"product": {"hidden": [1]}}], "grid=["),
        ("hidden", "grid=hidden"),
        (5, "grid=5"),
        ({"prodct": {"hidden": [1]}}, "grid.prodct"),
        ({"hidden": [1, 2]}, "grid.hidden"),
        ({"product": {}}, "grid.product={}"),
        ({"product": None}, "grid.product=None"),
        ({"product": [{"hidden": [1]}]}, "grid.product=["),
        ({"product": {"hidden": 16}}, "grid.product.hidden=16"),
        ({"product": {"hidden": []}}, "grid.product.hidden=[]"),
        ({"product": {"hidden": "16,128"}}, "grid.product.hidden=16,128"),
        ({"product": {"hidden": {"a": 1}}}, "grid.product.hidden={"),
        ({"zip": {"hidden": [1, 2], "depth": [1]}}, "grid.zip"),
        ({"union": {"product": {"hidden": [1]}}}, "grid.union={"),
        ({"union": []}, "grid.union=[]"),
        ({"union": [{"product": {"hidden": [1]}}, 3]}, "grid.union[1]=3"),
        (
            {"union": [{"union": [{"zip": {"hidden": [1], "depth": []}}]}]},
            "grid.union[0].union[0].zip.depth=[]",
        ),
        ({"product": {"hidden": [1]}, "zip": {"hidden": [2]}}, "hidden stands on two axes"),
        ({"product": {"hidden": [1]}, "union": [{"zip": {"hidden": [2]}}]}, "hidden stands on two axes"),
    ],
)
def test_malformed_grid_is_refused(malformed: Any, place: str) -> None:
    """In one line, which names the place."""
    with pytest.raises(SettingError) as caught:
        grid.points(malformed)
    message = str(caught.value)
    assert place in message
    assert "must" in message
    assert "\n" not in message


def test_error_for_a_zip_shows_the_lengths() -> None:
    with pytest.raises(SettingError, match=r"grid\.zip: .*equal lengths.*hidden.*2.*depth.*1"):
        grid.points({"zip": {"hidden": [1, 2], "depth": [1]}})


def test_misspelt_part_is_answered() -> None:
    with pytest.raises(SettingError, match="one of product, zip, union; did you mean 'product'"):
        grid.points({"prodct": {"hidden": [1]}})


VALUES: list[Any] = [
    *(None, True, False, 0, -3, 10**20, 0.1, 1e-08, 1e300, -0.0, 1.0, math.inf, -math.inf),
    *("relu", "a b", " a ", "a,b", "it's", '"quoted"', "a'\"b", "", "a=b", "[x]", "{x: 1}", "(x)", "a:b"),
    *(
        "null",
        "None",
        "true",
        "False",
        "on",
        "1",
        "-1",
        "1.5",
        "1e3",
        "1_000",
        "nan",
        "inf",
        "~x",
        "+x",
        "*",
        "@",
    ),
    *(
        "é",
        "große Läufe",
        "数据",
        "/a/b.c-d_e",
        "C:\\runs\\",
        "C:\\runs",
        "\\",
        "\\'",
        "a\\\\b",
        "$x",
        "#x",
        "%",
    ),
    *("range(3)", "choice(a,b)", "glob(*)", "${x}", "a\tb"),
    *([], [1, 2], [None, True, "a b", 1.5, "it's"], [[1], []], ["null", "1"], ["C:\\runs"]),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_value_survives_hydras_grammar(value: Any) -> None:
    (parsed,) = OverridesParser.create().parse_overrides([grid.override("a.b", value)])
    assert parsed.key_or_group == "a.b"
    assert not parsed.is_sweep_override()
    assert parsed.value() == value
    assert type(parsed.value()) is type(value)
    assert repr(parsed.value()) == repr(value)  # -0.0 is not 0.0, and True in a list is not 1


def test_nan_survives_hydras_grammar() -> None:
    (parsed,) = OverridesParser.create().parse_overrides([grid.override("a", math.nan)])
    assert math.isnan(parsed.value())


@pytest.mark.parametrize("text", ["C:\\runs", "a b", "it's", "1", "null"])
def test_text_survives_in_a_configuration(text: str) -> None:
    (parsed,) = OverridesParser.create().parse_overrides([grid.override("results", text)])
    config = OmegaConf.create({"results": "results"})
    OmegaConf.update(config, parsed.key_or_group, parsed.value())
    assert config.results == text
