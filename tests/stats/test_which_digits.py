"""Which digits make the difference: real records, with the labels and images of the data they came from."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sweep
from sweep.core.errors import TrialsError
from sweep.data import datasets
from sweep.data.settings import DataConfig
from sweep.report.figures import style
from sweep.report.figures.digits import MOST_DRAWN, draw_digits
from sweep.stats import digits
from sweep.stats.digits import which_digits
from sweep.store.load import load_test_outcomes

SMALL = {"seeds": 3, "epochs": 1, "batch_size": 16, "grid": {"product": {"hidden": [4, 32]}}}
SMALL |= {"parallel.n_jobs": 1, "parallel.kernels": "numpy"}
DIGITS = {"data.train_size": 400, "data.validation_size": 0, "data.test_size": 300}
POINTS = {"data": "spiral", "data.train_size": 60, "data.validation_size": 0, "data.test_size": 40}
POINTS |= {"data.classes": 2, "learning_rate": 0.01}


def trained(folder: Path, **settings: object) -> pd.DataFrame:
    """The trials of two cells, with their bits."""
    sweep.run({**SMALL, **settings, "results": str(folder)})
    return sweep.load(folder, bits=True)


@pytest.fixture(scope="session")
def folder(once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """The records of two cells, tested on 300 digits of MNIST that were drawn at random."""
    return once("which_digits", lambda folder: trained(folder, **DIGITS))


@pytest.fixture
def trials(folder: Path) -> pd.DataFrame:
    return sweep.load(folder, bits=True)


def cells(trials: pd.DataFrame) -> tuple[str, str]:
    """The two cells, the wider first."""
    by_width = trials.drop_duplicates("cell").set_index("hidden")["cell"]
    return by_width[32], by_width[4]


def test_labels_give_the_class_errors_that_the_records_hold(folder: Path, trials: pd.DataFrame) -> None:
    found = digits.of_trials(trials)
    reports = load_test_outcomes(folder).set_index(["cell", "seed"])["class_errors"]
    for row in trials.to_dict("records"):
        errors = [1 - row["test_correct"][found.labels == digit].mean() for digit in range(10)]
        np.testing.assert_allclose(errors, reports[row["cell"], row["seed"]], atol=1e-12)


def test_classes_and_decisive_digits_are_those_of_the_bits(trials: pd.DataFrame) -> None:
    wide, narrow = cells(trials)
    found = which_digits(trials, wide, narrow, paired=True)
    difference = trials.groupby("cell")["test_accuracy"].mean()
    weights = found.classes["examples"] / found.classes["examples"].sum()
    assert found.classes["difference"] @ weights == pytest.approx(difference[wide] - difference[narrow])
    assert list(found.classes["class"]) == list("0123456789")
    assert len(found.gained) > 0
    assert len(found.gained) + len(found.lost) == len(found.decisive)
    right = trials.groupby("cell")["test_correct"].agg(lambda bits: np.sum(list(bits), axis=0).tolist())
    for row in found.gained.to_dict("records"):
        assert row["right"] == right[wide][row["example"]] == 3
        assert row["baseline_right"] == right[narrow][row["example"]] == 0


def test_paired_cells_are_compared_on_common_seeds(trials: pd.DataFrame) -> None:
    wide, narrow = cells(trials)
    some = trials[(trials["cell"] == wide) | (trials["seed"] > 0)]
    paired = which_digits(some, wide, narrow, paired=True)
    assert (paired.seeds, paired.baseline_seeds) == (2, 2)
    unpaired = which_digits(some, wide, narrow, paired=False)
    assert (unpaired.seeds, unpaired.baseline_seeds) == (3, 2)


def test_the_figure_shows_the_decisive_images_with_their_class_and_seeds(trials: pd.DataFrame) -> None:
    wide, narrow = cells(trials)
    found = which_digits(trials, wide, narrow, paired=True)
    with style.applied():
        figure = draw_digits(found, "32 units", "4 units")
    shown = [*found.gained.to_dict("records")[:MOST_DRAWN], *found.lost.to_dict("records")[:MOST_DRAWN]]
    raw = datasets.load(DataConfig())
    assert len(figure.axes) == len(shown)
    for panel, row in zip(figure.axes, shown, strict=True):
        assert panel.get_title() == f"{row['label']}\n{row['right']}/3 : {row['baseline_right']}/3"
        image = np.asarray(panel.images[0].get_array()).reshape(-1)
        same = (raw.test_features == image).all(axis=1)
        assert raw.test_labels[same].tolist() == [row["label"]]
    headings = [text.get_text().replace("\n", " ") for text in figure.texts]
    assert headings[0].startswith(f"32 units right, 4 units wrong: {len(found.gained)} digits")
    assert headings[1].startswith(f"4 units right, 32 units wrong: {len(found.lost) or 'no'} digit")


def test_points_of_a_plane_are_not_drawn(tmp_path: Path) -> None:
    trials = trained(tmp_path, **POINTS)
    found = which_digits(trials, *cells(trials), paired=True)
    assert found.not_drawn == "the points that make the difference: are no images"
    assert list(found.classes["examples"]) == [20, 20]
    with pytest.raises(TrialsError, match="are no images"):
        draw_digits(found, "a", "b")


def test_cells_that_no_digit_tells_apart_are_not_drawn(trials: pd.DataFrame) -> None:
    wide, narrow = cells(trials)
    same = trials[trials["cell"] == wide]
    both = pd.concat([same, same.assign(cell=narrow)], ignore_index=True)
    found = which_digits(both, wide, narrow, paired=True)
    assert found.not_drawn == "the digits that make the difference: no single one of them does"


def test_images_of_ones_own_need_their_folder(tmp_path: Path, write_idx: Callable[..., None]) -> None:
    images, rng = tmp_path / "images", np.random.default_rng(0)
    for part, count in (("train", 80), ("t10k", 50)):
        write_idx(images / f"{part}-images-idx3-ubyte.gz", rng.integers(0, 256, (count, 8, 8)))
        write_idx(images / f"{part}-labels-idx1-ubyte.gz", rng.integers(0, 10, count))
    own = {"data": "idx", "data.root": str(images), "data.validation_size": 0, "data.label": "Noise"}
    trials = trained(tmp_path / "store", **own)
    found = which_digits(trials, *cells(trials), paired=True, root=str(images))
    assert found.examples.images is not None
    assert found.examples.images.shape == (50, 8, 8)
    with pytest.raises(TrialsError, match=r"Noise: its records do not say where its files lie \(data.root\)"):
        which_digits(trials, *cells(trials), paired=True)
    write_idx(images / "t10k-labels-idx1-ubyte.gz", rng.integers(0, 10, 50))
    with pytest.raises(TrialsError, match="Noise: the files at hand are not those of its records"):
        which_digits(trials, *cells(trials), paired=True, root=str(images))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("test_examples_sha256", "0", "the test examples at hand are not those of its records"),
        ("test_correct", None, "records of schema 1 do not say"),
        ("cell", "another", "no seeds to compare"),
    ],
)
def test_what_does_not_fit_is_one_line(
    trials: pd.DataFrame, column: str, value: object, message: str
) -> None:
    names = cells(trials)
    with pytest.raises(TrialsError, match=message):
        which_digits(trials.assign(**{column: value}), *names, paired=True)


def test_different_test_examples_are_not_compared(trials: pd.DataFrame) -> None:
    names = cells(trials)
    trials.loc[0, "test_examples_sha256"] = "0"
    with pytest.raises(TrialsError, match="different test examples"):
        which_digits(trials, *names, paired=True)
