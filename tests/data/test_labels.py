"""The names of data sets and their classes: recognised by contents, or from the settings."""

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sweep.config.check import check
from sweep.config.schema import Config
from sweep.core.errors import SettingError
from sweep.data import datasets, idx, labels
from sweep.data.settings import DataConfig

MNIST = datasets.MNIST_FOLDER


def write_idx(folder: Path, train: int, test: int) -> DataConfig:
    """Write four files of black 28 x 28 images with labels that count from 0 to 9."""
    folder.mkdir(exist_ok=True)
    for name, count in (("train", train), ("t10k", test)):
        shape = np.array([count, 28, 28], ">u4").tobytes()
        with gzip.open(folder / f"{name}-images-idx3-ubyte.gz", "wb", compresslevel=1) as file:
            file.write(b"\x00\x00\x08\x03" + shape + bytes(count * 784))
        content = (
            b"\x00\x00\x08\x01" + np.array([count], ">u4").tobytes() + bytes(i % 10 for i in range(count))
        )
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(content)
    return DataConfig(name="idx", root=str(folder))


def test_mnist_recognised_in_any_folder(tmp_path: Path) -> None:
    """MNIST is recognised by its contents in any folder."""
    for file in MNIST.glob("*.gz"):
        (tmp_path / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    for config in (DataConfig(), DataConfig(name="idx", root=str(tmp_path))):
        assert labels.label(config) == "MNIST"
        assert labels.class_names(config) == tuple("0123456789")
        assert labels.example(config) == "digit"


@pytest.mark.parametrize("name", ["exam", "spiral"])
def test_generated_label(name: str) -> None:
    """The label of generated data says that they are generated."""
    config = DataConfig(name=name, classes=2, train_size=10, validation_size=0, test_size=10)
    assert labels.label(config) == f"{name} (generated)"
    assert len(labels.class_names(config)) == 2


def test_unknown_files_named_after_folder(tmp_path: Path) -> None:
    """Unrecognised files are named after their folder."""
    config = write_idx(tmp_path / "letters", 30, 20)
    assert labels.label(config) == "letters"
    assert labels.example(config) == "image"
    assert labels.class_names(config) == tuple("0123456789")


def test_emnist_recognised_by_counts(tmp_path: Path) -> None:
    """The EMNIST digits are recognised by their numbers of examples."""
    config = write_idx(tmp_path / "emnist", 240_000, 40_000)
    assert labels.label(config) == "EMNIST digits"
    assert labels.example(config) == "digit"


@pytest.mark.parametrize(("digest", "names"), labels.PUBLISHED.items(), ids=lambda value: str(value)[:6])
def test_published_files_recognised_by_checksum(
    digest: str, names: labels.DataSetNames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The published files are not here: test files stand in for them, with their checksum in the table."""
    config = write_idx(tmp_path / "files", 30, 20)
    ours = idx.file_md5(tmp_path / "files" / "t10k-labels-idx1-ubyte")
    monkeypatch.setitem(labels.PUBLISHED, ours, names)
    assert labels.label(config) == names.label
    assert labels.class_names(config) == names.class_names
    assert len(digest) == 32
    assert len(names.class_names) == 10


def test_settings_override_names() -> None:
    """A label and class names in the settings override the recognised ones."""
    config = replace(DataConfig(), label="mine", class_names=list("abcdefghij"))
    assert labels.label(config) == "mine"
    assert labels.class_names(config) == tuple("abcdefghij")


@pytest.mark.parametrize("names", [["a", "b"], list("abcdefghijk")])
def test_class_names_wrong_number(names: list[str]) -> None:
    """Names for another number of classes are refused."""
    config = Config(data=replace(DataConfig(), class_names=names))
    with pytest.raises(
        SettingError, match=f"{len(names)} names for data.classes=10; must be one name for each"
    ):
        check(config)
