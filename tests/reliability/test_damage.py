"""Damage is noticed, reported in one line, set aside by the command that trains, and trained again."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from tests.reliability.driver import NO_OVERRIDE, ROOT
from tests.reliability.scale import Count, scaled
from tests.reliability.store_of_trials import SETTINGS, copied, train

import sweep
from sweep.config.compose import from_settings
from sweep.core.errors import StoreError, StoreWarning
from sweep.runner.plan import Plan, make_plan
from sweep.session import run_sweep
from sweep.store import schema
from sweep.store.read import read_records
from sweep.store.schema import SCHEMA, TRIAL, VERSION
from sweep.store.state import survey

READS = {"footer": sweep.load, "columns": sweep.curves}
COLUMNS = [TRIAL.names, SCHEMA.names]  # what the footer repeats, and all
METRICS = ["cell", "seed", "status", "train_loss", "test_accuracy", "weights_sha256"]


def planned(results: Path) -> Plan:
    return make_plan(from_settings({**SETTINGS, "hidden": 4, "seeds": 3, "results": str(results)}), 1)


def first_schema(record: pa.Table) -> pa.Table:
    """Return a record as the first versions wrote it: without schema, digest and engine."""
    new = ["schema", "engine", "engine_version", "engine_numerics", "test_correct", "gradient_error"]
    old = record.drop_columns(new)
    return old.rename_columns([{"epochs_run": "epochs"}.get(name, name) for name in old.column_names])


def bits(whole: bytes, rng: np.random.Generator) -> bytes:
    damaged = bytearray(whole)
    bit = int(rng.integers(8 * len(whole)))
    damaged[bit // 8] ^= 1 << (bit % 8)
    return bytes(damaged)


def truncated(whole: bytes, rng: np.random.Generator) -> bytes:
    return whole[: rng.integers(len(whole))]


@scaled("fraction", 0.1, 1.0)
@pytest.mark.parametrize(("change", "times"), [(bits, 300), (truncated, 900)])
def test_any_damage_is_noticed(
    change: Callable[[bytes, np.random.Generator], bytes],
    times: int,
    fraction: float,
    trained: Path,
    tmp_path: Path,
    count: Count,
) -> None:
    """Every flipped bit and every truncation is noticed, and the other records are read."""
    cell = copied(trained, tmp_path)
    file = cell / "1.parquet"
    whole, rng = file.read_bytes(), np.random.default_rng(0)
    tried, noticed = round(fraction * times), 0
    for _ in range(tried):
        file.write_bytes(change(whole, rng))
        for columns in COLUMNS:
            with pytest.warns(StoreWarning, match=r"1 damaged \(first '.*1\.parquet'\)"):
                assert read_records(tmp_path, None, columns)["seed"].to_pylist() == [0, 2]
        (folder,) = survey(tmp_path)
        assert folder.seeds == (0, 2)
        noticed += folder.damaged == (file,)
    count(f"damage to a record: {change.__name__}", tried=tried, noticed=noticed)
    assert noticed == tried


def without_digest(whole: bytes) -> bytes:
    return whole.replace(b"sweep.sha256", b"sweep.sha255")


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "zeros": lambda whole: bytes(len(whole)),
    "text": lambda whole: b"PAR1 nonsense PAR1",
    "half of it, then zeros": lambda whole: whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2),
    "more than it": lambda whole: whole + b"PAR1",
    "another file's end": lambda whole: whole[:-200] + whole[-400:-200],
    "its digest is gone": without_digest,
    "a footer of 4 GB": lambda whole: whole[:-8] + b"\xff\xff\xff\xff" + whole[-4:],
}


@pytest.mark.parametrize("columns", READS)
@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_damaged(name: str, columns: str, trained: Path, tmp_path: Path) -> None:
    """A file that is no record counts as damaged, without a traceback."""
    cell = copied(trained, tmp_path)
    (cell / "1.parquet").write_bytes(BROKEN[name]((cell / "1.parquet").read_bytes()))
    with pytest.warns(StoreWarning, match="1 damaged"):
        assert set(READS[columns](tmp_path)["seed"]) == {0, 2}


def test_record_larger_than_memory(trained: Path, tmp_path: Path) -> None:
    """A small file that would fill the memory is not opened: it has a curve of 20 million equal values."""
    cell = copied(trained, tmp_path)
    table = pq.ParquetFile(cell / "1.parquet").read()
    values = pa.DictionaryArray.from_arrays(pa.array(np.zeros(20_000_000, np.int8)), pa.array([0.5]))
    curve = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)
    position = table.schema.get_field_index("curve_train_loss")
    content = schema.seal(table.set_column(position, "curve_train_loss", curve), compression="zstd")
    (cell / "1.parquet").write_bytes(content)
    del values, curve
    before = pa.total_allocated_bytes()
    with pytest.warns(StoreWarning, match="1 damaged"):
        assert set(sweep.curves(tmp_path)["seed"]) == {0, 2}
    assert len(content) < 100_000
    assert pa.total_allocated_bytes() - before < 2**20


def test_made_up_example_count(trained: Path, tmp_path: Path) -> None:
    """A made-up number of test examples does not fill the memory."""
    cell = copied(trained, tmp_path)
    table = pq.ParquetFile(cell / "1.parquet").read()
    position = table.schema.get_field_index("test_examples")
    (cell / "1.parquet").write_bytes(
        schema.seal(table.set_column(position, "test_examples", pa.array([2**40], pa.int64())))
    )
    assert list(sweep.load(tmp_path, bits=True)["test_correct"].map(len)) == [100, 104, 100]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "7", '{"seed": 7}', "[" * 100_000, '{"schema": "3", "cell": 1, "seed": null}'],
    ids=["nothing", "half", "list", "number", "little", "deep", "types"],
)
def test_useless_footer(text: str, trained: Path, tmp_path: Path) -> None:
    """If a sealed footer holds no trial, the columns decide."""
    expected = sweep.load(trained)
    cell = copied(trained, tmp_path)
    file = cell / "1.parquet"
    file.write_bytes(schema.seal(pq.ParquetFile(file).read(), {schema.SEALED_TRIAL: text}))
    pd.testing.assert_frame_equal(sweep.load(tmp_path), expected)


@pytest.mark.parametrize("columns", READS)
def test_footer_of_wrong_types(columns: str, trained: Path, tmp_path: Path) -> None:
    """A footer with values of other types is damage; the other records are read, even if there are none."""
    cell = copied(trained, tmp_path)
    for seeds in ([1], [0, 1, 2]):
        for seed in seeds:
            file = cell / f"{seed}.parquet"
            table = pq.ParquetFile(file).read()
            (row,) = table.select(TRIAL.names).to_pylist()
            about = {schema.SEALED_TRIAL: json.dumps(row | {"status": [1], "config": row["config"]})}
            file.write_bytes(schema.seal(table, about))
        with pytest.warns(StoreWarning, match=f"{len(seeds)} damaged"):
            table = READS[columns](tmp_path)
        assert set(table["seed"]) == {0, 1, 2}.difference(seeds)


def test_damaged_record_is_retrained(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A damaged record is set aside and trained again; a dry run only says so."""
    expected = sweep.load(trained)[METRICS]
    cell = copied(trained, tmp_path)
    (cell / "1.parquet").write_bytes(b"damaged once")
    (cell / "2.parquet").write_bytes((cell / "0.parquet").read_bytes())
    (cell / "1.parquet.damaged").write_bytes(b"an earlier one")
    before = {file: file.read_bytes() for file in cell.iterdir()}
    configs = from_settings({**SETTINGS, "hidden": 4, "seeds": 3, "results": str(tmp_path), "dry_run": True})
    run_sweep(configs, None, Console(width=200))
    assert {file: file.read_bytes() for file in cell.iterdir()} == before
    shown = capsys.readouterr().out
    assert f"2 records are damaged or misfiled and will be retrained: {cell}/1.parquet and 1 more\n" in shown
    assert "3 trials: 1 stored, 2 to train" in shown
    train(tmp_path, 3)
    shown = capsys.readouterr().out
    line = (
        f"2 damaged or misfiled records set aside, to be retrained: {cell}/1.parquet.damaged.1 and 1 more\n"
    )
    assert line in shown
    assert (cell / "1.parquet.damaged").read_bytes() == b"an earlier one"
    assert (cell / "1.parquet.damaged.1").read_bytes() == b"damaged once"
    assert (cell / "2.parquet.damaged").read_bytes() == (cell / "0.parquet").read_bytes()
    pd.testing.assert_frame_equal(sweep.load(tmp_path)[METRICS], expected)


@pytest.mark.parametrize(
    "plant",
    [Path.mkdir, lambda file: file.symlink_to("0.parquet"), os.mkfifo],
    ids=["a folder", "a link", "a FIFO"],
)
def test_obstruction_is_kept(plant: Callable[[Path], object], trained: Path, tmp_path: Path) -> None:
    """A folder, link or pipe under the name of a record is set aside, not overwritten."""
    cell = copied(trained, tmp_path)
    file = cell / "2.parquet"
    file.unlink()
    plant(file)
    kind = os.lstat(file).st_mode
    train(tmp_path, 3)
    assert os.lstat(cell / "2.parquet.damaged").st_mode == kind
    assert sorted(sweep.load(tmp_path)["seed"]) == [0, 1, 2]


def test_later_schema_is_refused(trained: Path, tmp_path: Path) -> None:
    """A record of a later schema is refused and left alone."""
    cell = copied(trained, tmp_path)
    file = cell / "1.parquet"
    record = pq.ParquetFile(file).read()
    later = record.set_column(
        record.schema.get_field_index("schema"), "schema", pa.array([VERSION + 1], pa.int64())
    )
    (trial,) = later.select(["schema", "cell", "seed"]).to_pylist()
    for about in ({}, {schema.SEALED_TRIAL: json.dumps(trial)}):
        content = schema.seal(later, about)
        file.write_bytes(content)
        for call in (planned, sweep.load, sweep.curves, lambda results: train(results, 3)):
            with pytest.raises(StoreError, match=rf"1\.parquet: a record of schema {VERSION + 1}, made by a"):
                call(tmp_path)
        assert file.read_bytes() == content


def test_schema_1_counts(trained: Path, tmp_path: Path) -> None:
    """Records of schema 1 can be read and count as stored."""
    cell = copied(trained, tmp_path)
    for file in cell.iterdir():
        pq.write_table(first_schema(pq.ParquetFile(file).read()), file)
    assert planned(tmp_path).missing == 0
    assert (sweep.load(tmp_path)["schema"] == 1).all()
    (cell / "1.parquet").write_bytes((cell / "1.parquet").read_bytes()[:-20])
    assert planned(tmp_path).missing_seeds == {cell.name: [1]}


WITHOUT_PERMISSION = """
import sys
from pathlib import Path
from tests.reliability.test_damage import planned
import sweep
from sweep.core.errors import StoreError
bad = Path(sys.argv[1])
for call in (planned, sweep.load):
    try:
        call(bad)
    except StoreError as error:
        print(error)
"""


@pytest.mark.skipif(
    sys.platform == "win32" or (ROOT and shutil.which("setpriv") is None),
    reason="no permissions of POSIX, or root passes over them",
)
def test_unreadable_is_not_damaged(trained: Path, tmp_path: Path) -> None:
    """A record without permission to read it is an error, not damage."""
    cell = copied(trained, tmp_path)
    (cell / "1.parquet").chmod(0)
    done = subprocess.run(
        [*NO_OVERRIDE, sys.executable, "-c", WITHOUT_PERMISSION, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    line = f"{cell}/1.parquet: cannot be read (Permission denied)"
    assert done.stdout.splitlines() == [line, line], done.stderr
    assert (cell / "1.parquet").exists()


def test_command_warns_of_damage(trained: Path, tmp_path: Path) -> None:
    """A command warns of damage in one line."""
    cell = copied(trained, tmp_path)
    (cell / "1.parquet").write_bytes(b"damaged")
    command = [sys.executable, "-m", "sweep.compare", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    (warning,) = done.stderr.splitlines()
    assert warning.startswith("warning: files skipped: 1 damaged (first ")
