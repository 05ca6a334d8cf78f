"""Files are written whole or not at all."""

from pathlib import Path

import pytest

from sweep import files


def test_a_file_is_written_as_utf8_with_plain_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "made" / "on the way" / "a.md"
    files.write(file, "± one\ntwo\n")
    assert file.read_bytes() == "± one\ntwo\n".encode()
    files.write(file, b"\x00\r\n")
    assert file.read_bytes() == b"\x00\r\n"
    assert list(file.parent.iterdir()) == [file]


def test_an_error_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "records.parquet"
    file.write_bytes(b"whole")

    def fail() -> None:
        with files.replacing(file) as temporary:
            temporary.write_bytes(b"half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert file.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [file]
