"""Images of a paper are those of its own data: four made-up IDX files, and never MNIST."""

import gzip
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sweep.config.cell import canonical_settings
from sweep.config.compose import from_settings
from sweep.core.errors import SweepError
from sweep.data import datasets
from sweep.data.settings import sizes as data_sizes
from sweep.papers import drawing, examples, measuring
from sweep.papers.collection import Collection

PAPER = """
title: Noise
authors: Me
summary: Random images.
experiments: [noise]
scales: {smoke: {seeds: 2, epochs: 1}}
tables:
  all: {caption: All, make: cells, settings: {experiment: noise, axes: [hidden]}}
"""
EXPERIMENT = """# @package _global_
hidden: 2
data: {name: idx, root: images, validation_size: 0, class_names: [%s]}
"""
NAMES = [f"kind {letter}" for letter in "abcdefghij"]


def write(file: Path, values: np.ndarray) -> None:
    """An IDX file of bytes."""
    header = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    file.write_bytes(gzip.compress(header + values.astype(np.uint8).tobytes()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a paper on made-up images has been reproduced."""
    folder, rng = tmp_path_factory.mktemp("own"), np.random.default_rng(0)
    (folder / "images").mkdir()
    for part, count in (("train", 300), ("t10k", 60)):
        write(folder / "images" / f"{part}-images-idx3-ubyte.gz", rng.integers(0, 256, (count, 8, 8)))
        write(folder / "images" / f"{part}-labels-idx1-ubyte.gz", rng.integers(0, 10, count))
    for name, text in (
        ("sweeps/experiment/mine/noise.yaml", EXPERIMENT % ", ".join(NAMES)),
        ("reports/mine/paper.yaml", PAPER),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    arguments = [sys.executable, "-m", "sweep.reproduce", "mine", "--scale", "smoke"]
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def collection(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Collection:
    """Its records, in that folder."""
    monkeypatch.chdir(folder)
    return Collection.read(Path("reports/mine/smoke"))


def images(folder: Path, part: str) -> np.ndarray:
    """The images of a file, from its bytes."""
    content = gzip.decompress((folder / "images" / f"{part}-images-idx3-ubyte.gz").read_bytes())
    return np.frombuffer(content[16:], np.uint8).reshape(-1, 8, 8)


def test_images_are_those_of_the_trials(collection: Collection, folder: Path) -> None:
    hardest = collection.test_outcomes("noise").iloc[0]
    drawn = drawing.hardest_digits(collection, "noise", count=5)
    for axis, index in zip(drawn.axes, hardest["hardest_indices"], strict=False):
        np.testing.assert_array_equal(axis.images[0].get_array(), images(folder, "t10k")[index])
        assert axis.get_title().startswith("kind ")
    samples = drawing.sample_digits(collection, "noise", count=5, first=7)
    for axis, image in zip(samples.axes, images(folder, "train")[7:], strict=False):
        np.testing.assert_array_equal(axis.images[0].get_array(), image)
    rows = measuring.sample_statistics("mine/noise", 3, [1], [0.0, 0.0])
    assert rows["mean"].iloc[0] == pytest.approx(images(folder, "train")[3].mean())


def test_classes_are_called_by_their_names(collection: Collection) -> None:
    (panel, *_) = drawing.confusion(collection, "noise").axes
    assert [text.get_text() for text in panel.get_xticklabels()] == NAMES
    assert panel.get_xlabel() == "predicted class"


def test_other_images_than_those_of_the_records_are_refused(collection: Collection, folder: Path) -> None:
    file = folder / "images" / "t10k-images-idx3-ubyte.gz"
    content = file.read_bytes()
    try:
        write(file, 255 - images(folder, "t10k"))
        with pytest.raises(SweepError, match=r"noise: its data \(.*\) are not those of its records"):
            drawing.hardest_digits(collection, "noise")
        file.unlink()
        with pytest.raises(SweepError, match="t10k-images"):
            drawing.hardest_digits(collection, "noise")
    finally:
        file.write_bytes(content)


def test_a_plane_is_prepared_with_all_settings_of_its_cell() -> None:
    """The configuration that is made from a cell's canonical settings has the same ones."""
    for config in from_settings({"experiment": "zhao/spiral", "vary": ["init", "split"], "root_seed": 3}):
        sizes = data_sizes(datasets.counts(config.data), config.data)
        settings = canonical_settings(config, "generated", sizes)
        again = examples.configuration(settings)
        assert again.vary == ["init", "split"]
        assert canonical_settings(again, "generated", sizes) == settings
