"""Data files that somebody made to do harm: one line, no hang, no more memory than a header promises."""

import gzip
import os
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from tests.reliability.scale import Count, scaled

from sweep.core.errors import DataError
from sweep.data import datasets
from sweep.data.datasets import MNIST_FOLDER
from sweep.data.settings import DataConfig

IMAGES = "train-images-idx3-ubyte"
PROMISED = 60_000 * 28 * 28
MEMBER = 2**26  # bytes that one member of a bomb expands to
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
GUARD = 60  # seconds; today's bomb took over a minute and 16.5 GB
# Loads, hashes and counts the folders in its arguments, and prints a line for each; then, by how many bytes
# its memory grew meanwhile. (The number that getrusage gives would begin with what the parent process had.)
LOAD = r"""
import pathlib, re, sys
from sweep.data import datasets, preprocessing
from sweep.data.settings import DataConfig
from sweep.core.errors import DataError

def most():
    return int(re.search(r"VmHWM:\s*(\d+)", pathlib.Path("/proc/self/status").read_text())[1]) * 1024

def said(step, folder):
    try:
        step(DataConfig(name="idx", root=folder))
    except DataError as error:
        return str(error)
    return "read"

before = most()
for folder in sys.argv[1:]:
    steps = datasets.load, datasets.contents_digest, datasets.counts
    print(*(said(step, folder) for step in steps), sep="|")
print(most() - before)
"""


def header(*sizes: int) -> bytes:
    return bytes([0, 0, 8, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)


def digits(folder: Path, images: bytes, ending: str = ".gz") -> Path:
    """Write the four MNIST files, with other bytes for the training images."""
    shutil.copytree(MNIST_FOLDER, folder)
    (folder / f"{IMAGES}.gz").unlink()
    (folder / f"{IMAGES}{ending}").write_bytes(images)
    return folder


def loaded(*folders: Path) -> tuple[list[list[str]], int]:
    """Load, hash and count folders of data; return the errors, and the bytes of memory that it took."""
    command = [sys.executable, "-c", LOAD, *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=GUARD, check=True)
    *lines, grown = done.stdout.splitlines()
    assert len(lines) == len(folders), done.stdout
    return [line.split("|") for line in lines], int(grown)


def bomb(promise: bytes, members: int) -> bytes:
    """Return a gzip file whose header is `promise`, and which expands to `members` times 64 MiB."""
    return gzip.compress(promise) + gzip.compress(bytes(MEMBER)) * members


@LINUX
@scaled("members", 16, 128)
def test_gzip_bomb(tmp_path: Path, count: Count, members: int) -> None:
    """A gzip bomb is read no further than its header promises."""
    folder = digits(tmp_path / "digits", bomb(header(60_000, 28, 28), members))
    ((load, digest, counts),), grown = loaded(folder)
    expected = f"{folder / IMAGES}.gz: too long; its header promises {PROMISED + 16} bytes"
    assert (load, digest, counts) == (expected, expected, "read")
    assert grown <= 2 * PROMISED
    count(
        "gzip file whose header promises 47 MB",
        expands_to=f"{members * MEMBER / 2**30:.0f} GiB",
        memory=f"{grown / 1e6:.0f} MB",
    )


HUGE = header(2**20, 2**5, 2**8)  # 8 GiB
LARGE = header(2**17, 2**5, 2**8)  # 1 GiB, which is allowed
PROMISES = {
    "8 GiB": (HUGE, "", "must be at most"),
    "8 GiB zipped": (gzip.compress(HUGE), ".gz", "must be at most"),
    "1 GiB": (LARGE, "", "truncated, 16 bytes"),
    "1 GiB zipped": (gzip.compress(LARGE), ".gz", "truncated, 16 bytes"),
    "longer": (header(1, 28, 28) + bytes(2**26), "", "too long, 67108880 bytes"),
    "zeros behind": (gzip.compress(header(1, 28, 28) + bytes(784)) + bytes(2**26), ".gz", "too long, 67"),
    "empty members": (gzip.compress(header(1, 28, 28)) + gzip.compress(b"") * 2**18, ".gz", "too long, 52"),
}


@LINUX
def test_header_promises(tmp_path: Path) -> None:
    """Memory is not reserved for what a header promises."""
    folders = [digits(tmp_path / name, content, ending) for name, (content, ending, _) in PROMISES.items()]
    lines, grown = loaded(*folders)
    for (load, digest, _), (_, _, words) in zip(lines, PROMISES.values(), strict=True):
        assert words in load
        assert digest == load
    assert grown < 2**24


def pipe(file: Path) -> None:
    os.mkfifo(file)


def a_socket(file: Path) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        folder = Path.cwd()
        os.chdir(file.parent)  # the address of a socket has at most 107 characters
        opened.bind(file.name)
        os.chdir(folder)


def loop(file: Path) -> None:
    file.symlink_to(file.name)


def endless(file: Path) -> None:
    file.symlink_to("/dev/zero")


def silent(file: Path) -> None:
    file.symlink_to("/dev/tty")


def folder(file: Path) -> None:
    file.mkdir()


def sparse(file: Path) -> None:
    with file.open("wb") as opened:
        opened.truncate(2**40)


KINDS = (pipe, a_socket, loop, endless, silent, folder, sparse)


@LINUX
def test_no_regular_file(tmp_path: Path) -> None:
    """A data file that is no regular file is a one-line error."""
    files = []
    for plant in KINDS:
        for ending in ("", ".gz"):
            root = digits(tmp_path / f"{plant.__name__}{ending}", b"", ending)
            files.append(root / f"{IMAGES}{ending}")
            files[-1].unlink()
            plant(files[-1])
    lines, grown = loaded(*(file.parent for file in files))
    for said, file in zip(lines, files, strict=True):
        assert all(line.startswith(str(file.with_name(IMAGES))) for line in said), said
    assert grown < 2**24


@pytest.mark.parametrize(
    "root", ["/dev/zero", "a" * 300, "a\nb", "a\0b", "/proc/self/mem", "\x1b[2J", "\udcff"]
)
def test_root_is_no_folder(root: str) -> None:
    """A data.root that is no folder is a one-line error."""
    with pytest.raises(DataError) as caught:
        datasets.contents_digest(DataConfig(name="idx", root=root))
    assert str(caught.value).startswith("data.root=")
    assert str(caught.value).isprintable()
