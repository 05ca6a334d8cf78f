"""stats.digits: classes against SciPy, single examples by hand and by chance, and real records."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

import sweep
from sweep.core.errors import TrialsError
from sweep.data import datasets
from sweep.data.settings import DataConfig
from sweep.report.figures import style
from sweep.report.figures.digits import MOST_DRAWN, draw_digits
from sweep.stats import digits
from sweep.stats.digits import which_digits
from sweep.store.load import load_test_outcomes

LABELS = np.random.default_rng(0).integers(0, 3, 90)


def cells(seeds: int, baseline_seeds: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Draw two cells; the first is better at class 1."""
    rng = np.random.default_rng([1, seeds, baseline_seeds])
    correct = rng.random((seeds, len(LABELS))) < np.where(LABELS == 1, 0.9, 0.7)
    return correct, rng.random((baseline_seeds, len(LABELS))) < 0.7


@pytest.mark.parametrize(("seeds", "baseline_seeds", "paired"), [(5, 5, True), (6, 4, False)])
def test_by_class_is_scipy(seeds: int, baseline_seeds: int, paired: bool) -> None:
    correct, baseline = cells(seeds, baseline_seeds)
    table = digits.by_class(correct, baseline, LABELS, paired=paired, level=0.9)
    assert list(table["label"]) == [0, 1, 2]
    for row in table.itertuples():
        members = row.label == LABELS
        of_cell, of_baseline = correct[:, members].mean(axis=1), baseline[:, members].mean(axis=1)
        if paired:
            test = stats.ttest_rel(of_cell, of_baseline)
        else:
            test = stats.ttest_ind(of_cell, of_baseline, equal_var=False)
        interval = test.confidence_interval(0.9)
        assert row.examples == members.sum()
        assert (row.accuracy, row.baseline) == pytest.approx((of_cell.mean(), of_baseline.mean()))
        assert (row.low, row.high) == pytest.approx((interval.low, interval.high))
        assert row.p == pytest.approx(test.pvalue)
    first, second, third = np.sort(table["p"])
    holm = [3 * first, max(3 * first, 2 * second), max(3 * first, 2 * second, third)]
    assert np.sort(table["p_adjusted"]) == pytest.approx(np.minimum(holm, 1))
    assert table.loc[table["p_adjusted"].idxmin(), "label"] == 1


def test_by_class_without_spread_has_no_interval() -> None:
    correct, baseline = cells(5, 5)
    correct[:, LABELS == 0], baseline[:, LABELS == 0] = True, False
    table = digits.by_class(correct, baseline, LABELS, paired=True)
    assert table["difference"][0] == 1
    assert list(table["p"].isna()) == list(table["low"].isna()) == [True, False, False]
    assert table["p_adjusted"][1] == pytest.approx(min(1, 2 * table["p"][1:].min()))


def test_by_class_leaves_out_single_examples() -> None:
    correct, baseline = cells(5, 5)
    table = digits.by_class(correct, baseline, np.where(np.arange(90) == 7, 3, LABELS), paired=True)
    assert list(table["label"]) == [0, 1, 2]


def test_decisive_examples_by_hand() -> None:
    correct, baseline = np.ones((10, 6), bool), np.ones((5, 6), bool)
    baseline[1:, 0] = False  # 10/10 against 1/5
    baseline[2:, 1] = False  # 10/10 against 2/5: too many
    correct[2:, 2] = False  # 2/10 against 5/5
    correct[3:, 3] = False  # 3/10 against 5/5: too many
    baseline[:, 4] = False  # 10/10 against 0/5
    correct[8:, 4] = False  # 8/10 against 0/5
    baseline[:, 5] = False  # 10/10 against 0/5: the strongest
    table = digits.decisive(correct, baseline, np.arange(6) * 11)
    assert table.to_dict("list") == {
        "example": [5, 0, 2, 4],
        "label": [55, 0, 22, 44],
        "right": [10, 10, 2, 8],
        "baseline_right": [0, 1, 5, 0],
    }


def test_expected_by_luck_of_equal_cells() -> None:
    """Against seeds dealt at random to the two cells, 1,000 times."""
    rng, times = np.random.default_rng(2), 1000
    seeds = rng.random((9, 400)) < rng.random(400)
    gained = lost = 0
    for _ in range(times):
        dealt = rng.permutation(seeds)
        table = digits.decisive(dealt[:5], dealt[5:], np.zeros(400, int))
        gained += int((table["right"] > 2).sum())
        lost += int((table["right"] <= 2).sum())
    expected = digits.expected_by_luck(seeds[:5], seeds[5:])
    assert (gained / times, lost / times) == pytest.approx(expected, rel=0.1)
    assert min(expected) > 0.5


SMALL = {"seeds": 3, "epochs": 1, "batch_size": 16, "grid": {"product": {"hidden": [4, 32]}}}
SMALL |= {"parallel.n_jobs": 1, "parallel.kernels": "numpy"}
DIGITS = {"data.train_size": 400, "data.validation_size": 0, "data.test_size": 300}
POINTS = {"data": "spiral", "data.train_size": 60, "data.validation_size": 0, "data.test_size": 40}
POINTS |= {"data.classes": 2, "learning_rate": 0.01}


def trained(folder: Path, **settings: object) -> pd.DataFrame:
    """Train two cells and return their trials with their bits."""
    sweep.run({**SMALL, **settings, "results": str(folder)})
    return sweep.load(folder, bits=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train two cells, tested on 300 digits of MNIST that were drawn at random."""
    folder = tmp_path_factory.mktemp("digits")
    trained(folder, **DIGITS)
    return folder


@pytest.fixture
def trials(folder: Path) -> pd.DataFrame:
    return sweep.load(folder, bits=True)


def wide_and_narrow(trials: pd.DataFrame) -> tuple[str, str]:
    """Return the ids of the two cells, the wider first."""
    by_width = trials.drop_duplicates("cell").set_index("hidden")["cell"]
    return by_width[32], by_width[4]


def test_labels_give_class_errors_of_records(folder: Path, trials: pd.DataFrame) -> None:
    result = digits.examples_of(trials)
    reports = load_test_outcomes(folder).set_index(["cell", "seed"])["class_errors"]
    for row in trials.to_dict("records"):
        errors = [1 - row["test_correct"][result.labels == digit].mean() for digit in range(10)]
        np.testing.assert_allclose(errors, reports[row["cell"], row["seed"]], atol=1e-12)


def test_which_digits_are_those_of_the_bits(trials: pd.DataFrame) -> None:
    wide, narrow = wide_and_narrow(trials)
    result = which_digits(trials, wide, narrow, paired=True)
    difference = trials.groupby("cell")["test_accuracy"].mean()
    weights = result.classes["examples"] / result.classes["examples"].sum()
    assert result.classes["difference"] @ weights == pytest.approx(difference[wide] - difference[narrow])
    assert list(result.classes["class"]) == list("0123456789")
    assert len(result.gained) > 0
    assert len(result.gained) + len(result.lost) == len(result.decisive)
    right = trials.groupby("cell")["test_correct"].agg(lambda bits: np.sum(list(bits), axis=0).tolist())
    for row in result.gained.to_dict("records"):
        assert row["right"] == right[wide][row["example"]] == 3
        assert row["baseline_right"] == right[narrow][row["example"]] == 0


def test_paired_cells_use_common_seeds(trials: pd.DataFrame) -> None:
    wide, narrow = wide_and_narrow(trials)
    some = trials[(trials["cell"] == wide) | (trials["seed"] > 0)]
    paired = which_digits(some, wide, narrow, paired=True)
    assert (paired.seeds, paired.baseline_seeds) == (2, 2)
    unpaired = which_digits(some, wide, narrow, paired=False)
    assert (unpaired.seeds, unpaired.baseline_seeds) == (3, 2)


def test_figure_shows_decisive_images(trials: pd.DataFrame) -> None:
    """Each has its class and the seeds of both cells that are right."""
    wide, narrow = wide_and_narrow(trials)
    result = which_digits(trials, wide, narrow, paired=True)
    with style.applied():
        figure = draw_digits(result, "32 units", "4 units")
    shown = [*result.gained.to_dict("records")[:MOST_DRAWN], *result.lost.to_dict("records")[:MOST_DRAWN]]
    raw = datasets.load(DataConfig())
    assert len(figure.axes) == len(shown)
    for panel, row in zip(figure.axes, shown, strict=True):
        assert panel.get_title() == f"{row['label']}\n{row['right']}/3 : {row['baseline_right']}/3"
        image = np.asarray(panel.images[0].get_array()).reshape(-1)
        same = (raw.test_features == image).all(axis=1)
        assert raw.test_labels[same].tolist() == [row["label"]]
    headings = [text.get_text().replace("\n", " ") for text in figure.texts]
    assert headings[0].startswith(f"32 units right, 4 units wrong: {len(result.gained)} digits")
    assert headings[1].startswith(f"4 units right, 32 units wrong: {len(result.lost) or 'no'} digit")


def test_points_of_a_plane_are_not_drawn(tmp_path: Path) -> None:
    trials = trained(tmp_path, **POINTS)
    result = which_digits(trials, *wide_and_narrow(trials), paired=True)
    assert result.not_drawn == "the points that make the difference: are no images"
    assert list(result.classes["examples"]) == [20, 20]
    with pytest.raises(TrialsError, match="are no images"):
        draw_digits(result, "a", "b")


def test_cells_without_decisive_digits_are_not_drawn(trials: pd.DataFrame) -> None:
    wide, narrow = wide_and_narrow(trials)
    same = trials[trials["cell"] == wide]
    both = pd.concat([same, same.assign(cell=narrow)], ignore_index=True)
    result = which_digits(both, wide, narrow, paired=True)
    assert result.not_drawn == "the digits that make the difference: no more of them than chance gives"


def test_beyond_chance_is_a_poisson_test() -> None:
    """Of two expected digits 8 come by chance in 0.11 % of cases, 9 in 0.02 %."""
    table = pd.DataFrame({"right": [3] * 9, "baseline_right": [0] * 9})
    examples = digits.Examples(LABELS, None, (), "digit")
    counts = [
        digits.WhichDigits(table, table[:count], (1.5, 0.5), 3, 3, examples).beyond_chance for count in (8, 9)
    ]
    assert [stats.poisson.sf(count - 1, 2) < 0.001 for count in (8, 9)] == counts == [False, True]


def test_own_images_need_their_folder(tmp_path: Path, write_idx: Callable[[Path, np.ndarray], None]) -> None:
    images, rng = tmp_path / "images", np.random.default_rng(0)
    for part, count in (("train", 80), ("t10k", 50)):
        write_idx(images / f"{part}-images-idx3-ubyte.gz", rng.integers(0, 256, (count, 8, 8)))
        write_idx(images / f"{part}-labels-idx1-ubyte.gz", rng.integers(0, 10, count))
    settings = {"data": "idx", "data.root": str(images), "data.validation_size": 0, "data.label": "Noise"}
    trials = trained(tmp_path / "store", **settings)
    result = which_digits(trials, *wide_and_narrow(trials), paired=True, root=str(images))
    assert result.examples.images is not None
    assert result.examples.images.shape == (50, 8, 8)
    with pytest.raises(TrialsError, match=r"Noise: its records do not say where its files lie \(data.root\)"):
        which_digits(trials, *wide_and_narrow(trials), paired=True)
    write_idx(images / "t10k-labels-idx1-ubyte.gz", rng.integers(0, 10, 50))
    with pytest.raises(TrialsError, match="Noise: the files at hand are not those of its records"):
        which_digits(trials, *wide_and_narrow(trials), paired=True, root=str(images))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("test_examples_sha256", "0", "the test examples at hand are not those of its records"),
        ("test_correct", None, "records of schema 1 do not say"),
        ("cell", "another", "no seeds to compare"),
    ],
)
def test_which_digits_mistakes_are_one_line(
    trials: pd.DataFrame, column: str, value: object, message: str
) -> None:
    names = wide_and_narrow(trials)
    with pytest.raises(TrialsError, match=message):
        which_digits(trials.assign(**{column: value}), *names, paired=True)


def test_different_test_examples_are_refused(trials: pd.DataFrame) -> None:
    names = wide_and_narrow(trials)
    trials.loc[0, "test_examples_sha256"] = "0"
    with pytest.raises(TrialsError, match="different test examples"):
        which_digits(trials, *names, paired=True)
