"""Damage is noticed, said in one line, set aside by the command that trains, and trained again."""

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
from sweep.store.read import read
from sweep.store.schema import SCHEMA, TRIAL, VERSION
from sweep.store.state import survey

READS = {"footer": sweep.load, "columns": sweep.curves}
COLUMNS = [TRIAL.names, SCHEMA.names]  # what the footer repeats, and all
METRICS = ["cell", "seed", "status", "train_loss", "test_accuracy", "weights_sha256"]


def planned(results: Path) -> Plan:
    return make_plan(from_settings({**SETTINGS, "hidden": 4, "seeds": 3, "results": str(results)}), 1)


def first_schema(record: pa.Table) -> pa.Table:
    """A record as the first versions wrote it: without schema, digest and engine."""
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
def test_every_damage_is_noticed_and_the_rest_is_read(
    change: Callable[[bytes, np.random.Generator], bytes],
    times: int,
    fraction: float,
    trained: Path,
    tmp_path: Path,
    count: Count,
) -> None:
    cell = copied(trained, tmp_path)
    file = cell / "1.parquet"
    whole, rng = file.read_bytes(), np.random.default_rng(0)
    tried, noticed = round(fraction * times), 0
    for _ in range(tried):
        file.write_bytes(change(whole, rng))
        for columns in COLUMNS:
            with pytest.warns(StoreWarning, match=r"1 damaged \(first '.*1\.parquet'\)"):
                assert read(tmp_path, None, columns)["seed"].to_pylist() == [0, 2]
        (own,) = survey(tmp_path)
        assert own.seeds == [0, 2]
        noticed += own.damaged == (file,)
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
def test_what_is_no_record_is_damaged_without_a_traceback(
    name: str, columns: str, trained: Path, tmp_path: Path
) -> None:
    cell = copied(trained, tmp_path)
    (cell / "1.parquet").write_bytes(BROKEN[name]((cell / "1.parquet").read_bytes()))
    with pytest.warns(StoreWarning, match="1 damaged"):
        assert set(READS[columns](tmp_path)["seed"]) == {0, 2}


def test_a_record_that_would_fill_the_memory_is_not_opened(trained: Path, tmp_path: Path) -> None:
    """A few thousand bytes, sealed, with a curve of 20 million equal values."""
    cell = copied(trained, tmp_path)
    table = pq.ParquetFile(cell / "1.parquet").read()
    values = pa.DictionaryArray.from_arrays(pa.array(np.zeros(20_000_000, np.int8)), pa.array([0.5]))
    curve = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)
    place = table.schema.get_field_index("curve_train_loss")
    content = schema.seal(table.set_column(place, "curve_train_loss", curve), compression="zstd")
    (cell / "1.parquet").write_bytes(content)
    del values, curve
    held = pa.total_allocated_bytes()
    with pytest.warns(StoreWarning, match="1 damaged"):
        assert set(sweep.curves(tmp_path)["seed"]) == {0, 2}
    assert len(content) < 100_000
    assert pa.total_allocated_bytes() - held < 2**20


def test_a_number_of_test_examples_that_is_made_up_fills_no_memory(trained: Path, tmp_path: Path) -> None:
    cell = copied(trained, tmp_path)
    table = pq.ParquetFile(cell / "1.parquet").read()
    place = table.schema.get_field_index("test_examples")
    (cell / "1.parquet").write_bytes(
        schema.seal(table.set_column(place, "test_examples", pa.array([2**40], pa.int64())))
    )
    assert list(sweep.load(tmp_path, bits=True)["test_correct"].map(len)) == [100, 104, 100]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "7", '{"seed": 7}', "[" * 100_000, '{"schema": "3", "cell": 1, "seed": null}'],
    ids=["nothing", "half", "list", "number", "little", "deep", "types"],
)
def test_a_footer_that_says_nothing_leaves_the_columns(text: str, trained: Path, tmp_path: Path) -> None:
    """Its digest agrees, so somebody has made it; the columns decide."""
    expected = sweep.load(trained)
    cell = copied(trained, tmp_path)
    file = cell / "1.parquet"
    file.write_bytes(schema.seal(pq.ParquetFile(file).read(), {schema.TRIAL: text}))
    pd.testing.assert_frame_equal(sweep.load(tmp_path), expected)


@pytest.mark.parametrize("columns", READS)
def test_a_footer_with_values_of_other_types_is_damage(columns: str, trained: Path, tmp_path: Path) -> None:
    """The rest is read, even if there is none."""
    cell = copied(trained, tmp_path)
    for seeds in ([1], [0, 1, 2]):
        for seed in seeds:
            file = cell / f"{seed}.parquet"
            table = pq.ParquetFile(file).read()
            (row,) = table.select(TRIAL.names).to_pylist()
            about = {schema.TRIAL: json.dumps(row | {"status": [1], "config": row["config"]})}
            file.write_bytes(schema.seal(table, about))
        with pytest.warns(StoreWarning, match=f"{len(seeds)} damaged"):
            found = READS[columns](tmp_path)
        assert set(found["seed"]) == {0, 1, 2}.difference(seeds)


def test_a_damaged_record_is_set_aside_and_trained_again(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
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
    assert f"2 files damaged or of another trial, counted as missing: {cell}/1.parquet and 1 more\n" in shown
    assert "3 trials: 1 stored, 2 to train" in shown
    train(tmp_path, 3)
    shown = capsys.readouterr().out
    assert f"2 files damaged or of another trial, set aside: {cell}/1.parquet.damaged.1 and 1 more\n" in shown
    assert (cell / "1.parquet.damaged").read_bytes() == b"an earlier one"
    assert (cell / "1.parquet.damaged.1").read_bytes() == b"damaged once"
    assert (cell / "2.parquet.damaged").read_bytes() == (cell / "0.parquet").read_bytes()
    pd.testing.assert_frame_equal(sweep.load(tmp_path)[METRICS], expected)


@pytest.mark.parametrize(
    "plant",
    [Path.mkdir, lambda file: file.symlink_to("0.parquet"), os.mkfifo],
    ids=["a folder", "a link", "a FIFO"],
)
def test_what_lies_in_the_place_of_a_record_is_not_overwritten(
    plant: Callable[[Path], object], trained: Path, tmp_path: Path
) -> None:
    cell = copied(trained, tmp_path)
    file = cell / "2.parquet"
    file.unlink()
    plant(file)
    kind = os.lstat(file).st_mode
    train(tmp_path, 3)
    assert os.lstat(cell / "2.parquet.damaged").st_mode == kind
    assert sorted(sweep.load(tmp_path)["seed"]) == [0, 1, 2]


def test_the_plan_refuses_a_later_schema_and_leaves_it_alone(trained: Path, tmp_path: Path) -> None:
    cell = copied(trained, tmp_path)
    file = cell / "1.parquet"
    record = pq.ParquetFile(file).read()
    later = record.set_column(
        record.schema.get_field_index("schema"), "schema", pa.array([VERSION + 1], pa.int64())
    )
    (trial,) = later.select(["schema", "cell", "seed"]).to_pylist()
    for about in ({}, {schema.TRIAL: json.dumps(trial)}):
        content = schema.seal(later, about)
        file.write_bytes(content)
        for call in (planned, sweep.load, sweep.curves, lambda results: train(results, 3)):
            with pytest.raises(StoreError, match=rf"1\.parquet: a record of schema {VERSION + 1}, made by a"):
                call(tmp_path)
        assert file.read_bytes() == content


def test_records_of_schema_1_open_and_count(trained: Path, tmp_path: Path) -> None:
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
def test_a_record_that_cannot_be_read_is_not_damaged(trained: Path, tmp_path: Path) -> None:
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


def test_a_command_says_damage_in_one_line(trained: Path, tmp_path: Path) -> None:
    cell = copied(trained, tmp_path)
    (cell / "1.parquet").write_bytes(b"damaged")
    command = [sys.executable, "-m", "sweep.compare", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    (warning,) = done.stderr.splitlines()
    assert warning.startswith("warning: files left out: 1 damaged (first ")
