"""Reading IDX files that the tests write byte by byte."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sweep.core.errors import DataError
from sweep.data import datasets
from sweep.data.settings import DataConfig

UINT8, FLOAT32 = 0x08, 0x0D
TRAIN_PIXELS = bytes([200, 0, 255, 1, 128, 7, 3, 90, 60, 17, 18, 19])  # three images of two by two
TEST_PIXELS = bytes([9, 8, 7, 6, 5, 4, 3, 2])


def idx_file(sizes: tuple[int, ...], values: bytes, code: int = UINT8) -> bytes:
    return bytes([0, 0, code, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + values


FILES = {
    "train-images-idx3-ubyte": idx_file((3, 2, 2), TRAIN_PIXELS),
    "train-labels-idx1-ubyte": idx_file((3,), bytes([5, 0, 9])),
    "t10k-images-idx3-ubyte": idx_file((2, 2, 2), TEST_PIXELS),
    "t10k-labels-idx1-ubyte": idx_file((2,), bytes([9, 1])),
}
IMAGES, LABELS, TEST_IMAGES, TEST_LABELS = FILES


def write_files(
    folder: Path, changes: dict[str, bytes | None] | None = None, *, zipped: bool = False
) -> DataConfig:
    """Write the four files, with `changes` for some: other bytes, or None for no file."""
    for name, content in (FILES | (changes or {})).items():
        if content is not None and zipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        elif content is not None:
            (folder / name).write_bytes(content)
    return DataConfig(name="idx", root=str(folder))


def refusal(config: DataConfig) -> str:
    with pytest.raises(DataError) as caught:
        datasets.load(config)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("zipped", [False, True])
def test_read_values(tmp_path: Path, zipped: bool) -> None:
    """Values are read as they were written, as uint8."""
    raw = datasets.load(write_files(tmp_path, zipped=zipped))
    assert raw.train_features.dtype == np.uint8
    assert raw.train_features.tolist() == [list(TRAIN_PIXELS[i : i + 4]) for i in (0, 4, 8)]
    assert raw.test_features.tolist() == [list(TEST_PIXELS[:4]), list(TEST_PIXELS[4:])]
    assert raw.train_labels.tolist() == [5, 0, 9]
    assert raw.test_labels.tolist() == [9, 1]


@pytest.mark.parametrize("length", range(len(FILES[IMAGES])))
def test_truncated_file(tmp_path: Path, length: int) -> None:
    """A truncated file is refused wherever it ends."""
    message = refusal(write_files(tmp_path, {IMAGES: FILES[IMAGES][:length]}))
    assert str(tmp_path / IMAGES) in message
    assert f"{length} bytes" in message
    assert ("at least 4" if length < 4 else "truncated") in message


HUGE = 2**31  # HUGE * HUGE * 4 is 2^64, which is 0 in 64-bit arithmetic


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        (IMAGES, b"", ["0 bytes", "at least 4"]),
        (IMAGES, FILES[LABELS], ["holds labels", "must hold images"]),
        (LABELS, FILES[IMAGES], ["holds images", "must hold labels"]),
        (TEST_IMAGES, FILES[TEST_LABELS], ["holds labels", "must hold images"]),
        (IMAGES, idx_file((3, 2, 2), bytes(48), FLOAT32), ["holds float32", "must hold uint8"]),
        (IMAGES, FILES[IMAGES] + b"\0", ["too long", "promises 28"]),
        (LABELS, FILES[LABELS] + bytes(3), ["too long", "promises 11"]),
        (IMAGES, idx_file((HUGE, HUGE, 4), b""), [f"promises {2**64 + 16} bytes", "must be at most"]),
        (IMAGES, idx_file((0, 2, 2), b""), ["empty", "0 x 2 x 2"]),
        (LABELS, b"5,0,9\n", ["not an IDX file"]),
        (LABELS, idx_file((2,), bytes(2)), ["2 labels for 3 images", "must be equal"]),
        (TEST_LABELS, idx_file((3,), bytes(3)), ["3 labels for 2 images", "must be equal"]),
        (LABELS, idx_file((3,), bytes([5, 0, 10])), ["label 10", "must be 0 to 9"]),
        (TEST_LABELS, idx_file((2,), bytes([255, 0])), ["label 255", "must be 0 to 9"]),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_wrong_file(tmp_path: Path, file: str, content: bytes, words: list[str], zipped: bool) -> None:
    """The error names the wrong file and says what is expected."""
    message = refusal(write_files(tmp_path, {file: content}, zipped=zipped))
    assert str(tmp_path / file) in message
    assert all(word in message for word in words), message


def test_labels_above_classes(tmp_path: Path) -> None:
    """Labels must be below the number of classes."""
    write_files(tmp_path)
    message = refusal(DataConfig(name="idx", root=str(tmp_path), classes=6))
    assert all(word in message for word in (LABELS, "label 9", "must be 0 to 5", "data.classes=6"))


def test_different_pixel_counts(tmp_path: Path) -> None:
    """Training and test images must have equally many pixels."""
    message = refusal(write_files(tmp_path, {TEST_IMAGES: idx_file((2, 1, 3), bytes(6))}))
    assert all(word in message for word in (str(tmp_path), "4 pixels", "3", "must be equal"))


def flip_a_bit(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1 :]


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda data: gzip.decompress(data), "not a gzip file"),
        (lambda data: b"", "not a gzip file"),
        (lambda data: data[:2], "truncated"),
        (lambda data: data[:-9], "truncated"),
        (lambda data: data[:-1], "truncated"),
        (lambda data: data + b"more", "damaged"),
        (flip_a_bit, "damaged"),
    ],
)
def test_damaged_gzip_file(tmp_path: Path, damage: Callable[[bytes], bytes], word: str) -> None:
    """The error names the damaged gzip file."""
    config = write_files(tmp_path, zipped=True)
    file = tmp_path / f"{IMAGES}.gz"
    file.write_bytes(damage(file.read_bytes()))
    message = refusal(config)
    assert str(file) in message
    assert word in message


@pytest.mark.parametrize("name", ["nowhere", "no where", "no\nwhere"])
def test_missing_folder(tmp_path: Path, name: str) -> None:
    """The error names the missing folder in one line."""
    shown = f"{tmp_path}/{name}".replace("\n", " ")
    config = DataConfig(name="idx", root=f"{tmp_path}/{name}")
    assert refusal(config) == f"data.root={shown}: no such folder"


def test_folder_is_a_file(tmp_path: Path) -> None:
    """A file in place of the folder is refused by name."""
    file = tmp_path / "data"
    file.write_bytes(b"")
    assert f"data.root={file}" in refusal(DataConfig(name="idx", root=str(file)))


@pytest.mark.parametrize("name", FILES)
def test_missing_file(tmp_path: Path, name: str) -> None:
    """The error names the missing file with and without .gz."""
    message = refusal(write_files(tmp_path, {name: None}))
    assert f"{tmp_path / name}: no such file" in message
    assert f"{name}.gz" in message
