"""Images of a paper come from its own data: four made-up IDX files, and never MNIST."""

import gzip
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tests.processes import python

from sweep.config.cell import canonical_settings
from sweep.config.compose import from_settings
from sweep.core.errors import SweepError
from sweep.data import datasets
from sweep.data.settings import sizes as data_sizes
from sweep.papers import drawing, measuring
from sweep.papers.collection import Collection
from sweep.papers.drawing.plane import canonical_config

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


def reproduce(write_idx: Callable[..., None], folder: Path) -> None:
    """Reproduce a paper on made-up images in an empty folder."""
    rng = np.random.default_rng(0)
    for part, count in (("train", 300), ("t10k", 60)):
        write_idx(folder / "images" / f"{part}-images-idx3-ubyte.gz", rng.integers(0, 256, (count, 8, 8)))
        write_idx(folder / "images" / f"{part}-labels-idx1-ubyte.gz", rng.integers(0, 10, count))
    for name, text in (
        ("sweeps/experiment/mine/noise.yaml", EXPERIMENT % ", ".join(NAMES)),
        ("reports/mine/paper.yaml", PAPER),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    done = python(folder, "-m", "sweep", "reproduce", "mine", "--scale", "smoke")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def folder(once: Callable[..., Path], write_idx: Callable[..., None], tmp_path: Path) -> Path:
    """Return a copy of a folder in which a paper on made-up images has been reproduced."""
    original = once("paper_on_made_up_images", partial(reproduce, write_idx))
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def collection(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Collection:
    """Return the records, with that folder as the working folder."""
    monkeypatch.chdir(folder)
    return Collection.read(Path("reports/mine/smoke"))


def images(folder: Path, part: str) -> np.ndarray:
    """Return the images of a file, from its bytes."""
    content = gzip.decompress((folder / "images" / f"{part}-images-idx3-ubyte.gz").read_bytes())
    return np.frombuffer(content[16:], np.uint8).reshape(-1, 8, 8)


def test_images_match_the_data(collection: Collection, folder: Path) -> None:
    """Figures and measurements show the images of the data that the trials were trained on."""
    hardest = collection.test_outcomes("noise").iloc[0]
    drawn = drawing.hardest_digits(collection, "noise", count=5)
    for axis, index in zip(drawn.axes, hardest["hardest_indices"], strict=False):
        np.testing.assert_array_equal(axis.images[0].get_array(), images(folder, "t10k")[index])
        assert axis.get_title().startswith("kind ")
    samples = drawing.sample_digits(collection, "noise", count=5, first=7)
    for axis, image in zip(samples.axes, images(folder, "train")[7:], strict=False):
        np.testing.assert_array_equal(axis.images[0].get_array(), image)
    rows = measuring.sample_statistics("mine/noise", 3, [1], published=[0.0, 0.0])
    assert rows["mean"].iloc[0] == pytest.approx(images(folder, "train")[3].mean())


def test_classes_have_their_names(collection: Collection) -> None:
    """The ticks of a confusion matrix are the names of the classes."""
    (panel, *_) = drawing.confusion(collection, "noise").axes
    assert [text.get_text() for text in panel.get_xticklabels()] == NAMES
    assert panel.get_xlabel() == "predicted class"


def test_images_of_other_data_refused(
    collection: Collection, folder: Path, write_idx: Callable[..., None]
) -> None:
    """Changed images, or none, are an error and never shown as those of the records."""
    file = folder / "images" / "t10k-images-idx3-ubyte.gz"
    write_idx(file, 255 - images(folder, "t10k"))
    with pytest.raises(SweepError, match=r"noise: its data \(.*\) are not those of its records"):
        drawing.hardest_digits(collection, "noise")
    file.unlink()
    with pytest.raises(SweepError, match="t10k-images"):
        drawing.hardest_digits(collection, "noise")


def test_canonical_config_has_the_canonical_settings() -> None:
    """The configuration that is built from a cell's canonical settings has the same ones."""
    for config in from_settings({"experiment": "zhao/spiral", "vary": ["init", "split"], "root_seed": 3}):
        sizes = data_sizes(datasets.counts(config.data), config.data)
        settings = canonical_settings(config, "generated", sizes)
        again = canonical_config(settings)
        assert again.vary == ["init", "split"]
        assert canonical_settings(again, "generated", sizes) == settings
