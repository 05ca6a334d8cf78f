"""The data sets by name: the embedded MNIST, copies of it in IDX files, and the generated sets."""

import gzip
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweep.data import datasets
from sweep.data.preprocessing import prepare
from sweep.data.settings import DataConfig

EXAM = DataConfig(name="exam", classes=2, train_size=300, validation_size=40, test_size=100, noise=0.1)
SPIRAL = replace(EXAM, name="spiral")
ARRAYS = ("train_features", "train_labels", "test_features", "test_labels")


def same(first: datasets.RawData, second: datasets.RawData) -> bool:
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in ARRAYS)


def test_mnist_published_statistics() -> None:
    """MNIST has its published counts of digits, mean and standard deviation."""
    raw = datasets.load(DataConfig())
    assert raw.train_features.shape == (60_000, 784)
    assert raw.test_features.shape == (10_000, 784)
    assert raw.train_features.dtype == np.uint8
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(raw.train_labels).tolist() == train
    assert np.bincount(raw.test_labels).tolist() == test
    assert raw.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    values, counts = np.unique(raw.train_features, return_counts=True)
    mean = np.average(values / 255, weights=counts)
    deviation = np.sqrt(np.average((values / 255 - mean) ** 2, weights=counts))
    assert mean == pytest.approx(0.1307, abs=5e-5)
    assert deviation == pytest.approx(0.3081, abs=5e-5)


def digest_of_embedded_files(folder: Path) -> subprocess.CompletedProcess[str]:
    """Print the digest of `folder` in place of the embedded MNIST, in a separate process."""
    script = (
        "import sys, pathlib\n"
        "from sweep.data import datasets\n"
        "datasets.MNIST_FOLDER = pathlib.Path(sys.argv[1])\n"
        "print(datasets.contents_digest(datasets.DataConfig()))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", script, folder], cwd=folder.parent, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"])
def test_mnist_altered_file(tmp_path: Path, name: str) -> None:
    """An altered file of the embedded MNIST fails its checksum."""
    folder = Path(shutil.copytree(datasets.MNIST_FOLDER, tmp_path / "mnist"))
    intact = digest_of_embedded_files(folder)
    assert intact.stdout.strip() == datasets.contents_digest(DataConfig())
    content = bytearray((folder / name).read_bytes())
    content[4] ^= 1  # the time stamp, which no unzipping would miss
    (folder / name).write_bytes(content)
    altered = digest_of_embedded_files(folder)
    last = altered.stderr.splitlines()[-1]
    assert altered.returncode == 1
    assert altered.stdout == ""
    assert "DataError" in last
    assert f"{folder / name}: SHA-256 " in last


@pytest.mark.parametrize("zipped", [True, False])
def test_mnist_copy(tmp_path: Path, zipped: bool) -> None:
    """A copy of MNIST is the same data, zipped or not."""
    for file in datasets.MNIST_FOLDER.glob("*.gz"):
        if zipped:
            shutil.copy(file, tmp_path)
        else:
            (tmp_path / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    copied = DataConfig(name="idx", root=str(tmp_path))
    assert same(datasets.load(copied), datasets.load(DataConfig()))
    assert datasets.contents_digest(copied) == datasets.contents_digest(DataConfig())


def test_contents_digest_one_label_changed(tmp_path: Path) -> None:
    """Files that differ in one label have different digests."""
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
        for file in datasets.MNIST_FOLDER.glob("*.gz"):
            (folder / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    labels = folders[1] / "t10k-labels-idx1-ubyte"
    content = bytearray(labels.read_bytes())
    content[-1] = (content[-1] + 1) % 10
    labels.write_bytes(content)
    first, second = (datasets.contents_digest(DataConfig(name="idx", root=str(folder))) for folder in folders)
    assert first != second


def test_load_replaced_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replaced files are read again, as in a notebook whose files and working folder change."""
    config = DataConfig(name="idx", root="data")
    for name in ("a", "b"):
        (tmp_path / name / "data").mkdir(parents=True)
        for file in datasets.MNIST_FOLDER.glob("*.gz"):
            (tmp_path / name / "data" / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    labels = tmp_path / "b" / "data" / "t10k-labels-idx1-ubyte"
    original = labels.read_bytes()
    labels.write_bytes(original[:-1] + bytes([(original[-1] + 1) % 10]))

    def last_label_in(folder: str) -> tuple[int, str]:
        monkeypatch.chdir(tmp_path / folder)
        return int(datasets.load(config).test_labels[-1]), datasets.contents_digest(config)

    first, second = last_label_in("a"), last_label_in("b")
    assert first[0] == original[-1] != second[0]
    assert first[1] == datasets.contents_digest(DataConfig()) != second[1]
    labels.write_bytes(original)
    assert last_label_in("b") == first


@pytest.mark.parametrize("config", [EXAM, SPIRAL], ids=["exam", "spiral"])
def test_generated_by_seed(config: DataConfig) -> None:
    """Generated data follow from their seed, and no example repeats."""
    first, again = datasets.load(config), datasets.load(config)
    other = datasets.load(replace(config, generator_seed=1))
    assert same(first, again)
    assert not np.array_equal(first.train_features, other.train_features)
    assert first.train_features.shape == (340, 2)  # the validation part is taken from these
    assert first.test_features.shape == (100, 2)
    assert set(first.train_labels) == set(first.test_labels) == {0, 1}
    assert len(np.unique(np.concatenate([first.train_features, first.test_features]), axis=0)) == 440


def test_exam_rule() -> None:
    """Students pass who listen long enough and sleep about four hours."""
    raw = datasets.load(replace(EXAM, noise=0.0))
    sleep, listening = raw.train_features.T
    passed = raw.train_labels == 1
    assert sleep.min() >= 0
    assert 9 < sleep.max() <= 10
    assert listening.min() >= 0
    assert 44 < listening.max() <= 45
    # Whoever listens as long and sleeps as near to 4 hours as one who passes, passes.
    as_long = listening[:, None] >= listening
    as_near = np.abs(sleep - 4)[:, None] <= np.abs(sleep - 4)
    better = as_long & as_near & passed
    assert passed[better.any(axis=1)].all()
    # Sleep matters: some fail although they listen longer than one who passes.
    assert listening[~passed].max() > listening[passed].min()


def test_exam_noise() -> None:
    """Noise changes some results of the exam, but no feature."""
    clear = datasets.load(replace(EXAM, noise=0.0))
    noisy = datasets.load(EXAM)
    assert np.array_equal(clear.train_features, noisy.train_features)
    assert 0 < np.mean(clear.train_labels != noisy.train_labels) < 0.3


def test_spiral_shape() -> None:
    """The spiral arms turn while their radius grows to five."""
    raw = datasets.load(replace(SPIRAL, noise=0.0))
    x, y = raw.train_features.T
    radius = np.hypot(x, y)
    assert 4.9 < radius.max() <= 5
    angle = 1.75 * 2 * np.pi * radius / 5 + np.pi * raw.train_labels
    np.testing.assert_allclose(np.sin(angle) * radius, x, atol=1e-12)
    np.testing.assert_allclose(np.cos(angle) * radius, y, atol=1e-12)


def test_spiral_noise() -> None:
    """Noise moves the points of the spiral by its standard deviation."""
    many = replace(SPIRAL, train_size=50_000)
    clear, noisy = (datasets.load(replace(many, noise=noise)) for noise in (0.0, 0.3))
    moved = noisy.train_features - clear.train_features
    # The standard error of a deviation from 50,000 values is 0.3 / sqrt(100,000).
    np.testing.assert_allclose(moved.std(axis=0, ddof=1), 0.3, atol=5 * 0.3 / np.sqrt(100_000))


@pytest.mark.parametrize("name", ["exam", "spiral"])
def test_generated_parts_independent(name: str) -> None:
    """The size of one part changes no other, and a smaller part is the beginning of a larger one."""

    def parts(train: int, validation: int, test: int) -> list[tuple[Any, Any]]:
        config = DataConfig(
            name=name, classes=2, train_size=train, validation_size=validation, test_size=test
        )
        data = prepare(
            datasets.load(config),
            replace(config, normalization="none"),
            "float64",
            rng=np.random.default_rng(0),
        )
        return [(part.features, part.labels) for part in (data.train, data.validation, data.test)]

    base = parts(40, 10, 20)
    for sizes in ((70, 10, 20), (40, 33, 20), (40, 10, 55), (90, 91, 92)):
        for (features, labels), (more_features, more_labels) in zip(base, parts(*sizes), strict=True):
            np.testing.assert_array_equal(more_features[: len(features)], features)
            np.testing.assert_array_equal(more_labels[: len(labels)], labels)
    flat = np.concatenate([features for features, _ in base])
    assert len(np.unique(flat, axis=0)) == 70


@pytest.mark.parametrize("subset", ["random", "first", "last"])
def test_test_subset(subset: str) -> None:
    """The test subset is random, the first or the last examples, as the setting says."""
    config = DataConfig(train_size=10, test_size=4000, test_subset=subset)
    data = prepare(datasets.load(config), config, "float32", rng=np.random.default_rng(0))
    if subset == "random":
        assert len(np.unique(data.test.indices)) == 4000
        assert 4500 < data.test.indices.mean() < 5500
    else:
        expected = np.arange(4000) + (6000 if subset == "last" else 0)
        np.testing.assert_array_equal(data.test.indices, expected)


def test_counts_match_load() -> None:
    """`counts` agrees with the data that `load` returns."""
    for config in (DataConfig(), DataConfig(name="spiral", train_size=30, validation_size=5, test_size=7)):
        assert datasets.counts(config) == datasets.load(config).counts
