"""Compaction loses nothing, whoever reads, writes or is killed meanwhile."""

import hashlib
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.reliability.scale import Count, scaled
from tests.reliability.store_of_trials import SETTINGS, copied, train

import sweep
from sweep.config.compose import from_settings
from sweep.core.errors import StoreWarning
from sweep.runner.plan import make_plan
from sweep.store import layout, schema, upkeep
from sweep.store.load import load_class_curves, load_networks, load_test_outcomes
from sweep.store.read import read_cell
from sweep.store.schema import SCHEMA
from sweep.store.state import survey
from sweep.store.upkeep import compact
from sweep.system import files

TABLES: dict[str, Callable[[Path], pd.DataFrame]] = {
    "load": sweep.load,
    "bits": lambda results: sweep.load(results, bits=True),
    "curves": sweep.curves,
    "class curves": load_class_curves,
    "networks": load_networks,
    "test outcomes": load_test_outcomes,
}


@pytest.fixture(scope="module")
def trained(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train one seed more than the session's store has; return a store with seeds 0 to 3 of one cell."""
    folder = tmp_path_factory.mktemp("four")
    copied(trained, folder)
    train(folder, 4)
    return folder


@pytest.fixture(scope="module")
def compacted(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compacted")
    copied(trained, folder)
    done = compact(folder)
    assert (done.cells, done.records) == (1, 4)
    assert done.before == layout.scan(trained, *layout.cells(trained)).size
    assert done.after == layout.scan(folder, *layout.cells(folder)).size < done.before
    return folder


def missing(results: Path, seeds: int) -> list[int]:
    """Return the seeds that a run of the cell would train."""
    plan = make_plan(from_settings({**SETTINGS, "hidden": 4, "seeds": seeds, "results": str(results)}), 1)
    return [seed for seeds in plan.missing_seeds.values() for seed in seeds]


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_unchanged(name: str, trained: Path, compacted: Path) -> None:
    """Every table of a compacted store equals that of single files."""
    assert not list(compacted.glob("*/0.parquet"))
    pd.testing.assert_frame_equal(TABLES[name](compacted), TABLES[name](trained))


def test_pack_is_unchanged(trained: Path, compacted: Path, tmp_path: Path) -> None:
    """A report packs the same file from a compacted store."""
    cell = layout.cells(trained)[0]
    for name, results in {"one": trained, "many": compacted}.items():
        upkeep.write_pack(results, {cell: [0, 2, 3]}, tmp_path / name, metadata={"scale": "quick"})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "many").read_bytes()


def test_new_seeds(compacted: Path, tmp_path: Path) -> None:
    """New seeds get single files until the next compaction."""
    cell = copied(compacted, tmp_path)
    assert missing(tmp_path, 6) == [4, 5]
    train(tmp_path, 6)
    assert sorted(layout.scan(tmp_path, cell.name).loose) == [4, 5]
    before = sweep.load(tmp_path, bits=True)
    assert list(before["seed"]) == list(range(6))
    assert compact(tmp_path, [cell.name]).records == 6
    assert [len(layout.scan(tmp_path, cell.name).compact), len(list(cell.iterdir()))] == [1, 1]
    pd.testing.assert_frame_equal(sweep.load(tmp_path, bits=True), before)
    again = compact(tmp_path)
    assert again.cells == again.records == 0


def test_newer_record_wins(compacted: Path, tmp_path: Path) -> None:
    """A single file wins over the compact one: here the trial was trained again, to keep its weights."""
    cell = copied(compacted, tmp_path)
    _, table = read_cell(tmp_path, cell.name, SCHEMA.names)
    position = table.schema.get_field_index("weights")
    bare = schema.seal(
        table.set_column(position, "weights", pa.nulls(len(table), SCHEMA.field("weights").type))
    )
    shutil.rmtree(cell)
    cell.mkdir()
    layout.compact_path(tmp_path, cell.name, hashlib.sha256(bare).hexdigest()).write_bytes(bare)
    sweep.run({**SETTINGS, "hidden": 4, "seeds": 2, "results": str(tmp_path), "weights": True})
    for _ in range(2):
        assert list(load_networks(tmp_path)["weights"].notna()) == [True, True, False, False]
        compact(tmp_path)
    assert layout.scan(tmp_path, cell.name).loose == {}


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_compact_file_damaged(compacted: Path, tmp_path: Path) -> None:
    """A damaged compact file is set aside, and its trials are trained again."""
    cell = copied(compacted, tmp_path)
    (file,) = layout.scan(tmp_path, cell.name).compact
    shutil.copy(file, cell / "untouched")
    flipped(file)
    damaged = file.read_bytes()
    with pytest.warns(StoreWarning, match=rf"1 damaged \(first '.*{file.name}'\)"):
        assert sweep.load(tmp_path).empty
    assert compact(tmp_path).cells == 0
    assert missing(tmp_path, 4) == [0, 1, 2, 3]
    train(tmp_path, 4)
    assert file.with_name(f"{file.name}.damaged").read_bytes() == damaged
    columns = ["seed", "weights_sha256", "test_accuracy"]
    pd.testing.assert_frame_equal(sweep.load(tmp_path)[columns], sweep.load(compacted)[columns])


def test_compact_file_of_another_cell(compacted: Path, tmp_path: Path) -> None:
    """A compact file of another cell is skipped."""
    copied(compacted, tmp_path)
    cell = layout.cells(tmp_path)[0]
    shutil.copytree(tmp_path / cell, tmp_path / ("0" * 16))
    with pytest.warns(StoreWarning, match="1 misfiled"):
        assert len(sweep.load(tmp_path)) == 4


def test_damaged_records_stay(trained: Path, tmp_path: Path) -> None:
    """Compaction leaves damaged and misfiled records where they are."""
    cell = copied(trained, tmp_path)
    (cell / "1.parquet").write_bytes(b"damaged")
    (cell / "5.parquet").write_bytes((cell / "0.parquet").read_bytes())
    assert compact(tmp_path).records == 3
    (folder,) = survey(tmp_path)
    assert folder.seeds == (0, 2, 3)
    assert folder.damaged == (cell / "1.parquet",)
    assert folder.misplaced == (cell / "5.parquet",)


def test_compact_schema_1(trained: Path, tmp_path: Path) -> None:
    """Records of schema 1 keep their version."""
    cell = copied(trained, tmp_path)
    new = ["schema", "engine", "engine_version", "engine_numerics", "test_correct", "gradient_error"]
    old = pq.ParquetFile(cell / "1.parquet").read().drop_columns(new)
    names = [{"epochs_run": "epochs"}.get(name, name) for name in old.column_names]
    pq.write_table(old.rename_columns(names), cell / "1.parquet")
    before = sweep.load(tmp_path)
    compact(tmp_path)
    pd.testing.assert_frame_equal(sweep.load(tmp_path), before)
    assert list(before["schema"])[:2] == [3, 1]


COMPACT = "import sys; from pathlib import Path; from sweep.store.upkeep import compact; print(); input()"
COMPACT += "; compact(Path(sys.argv[1]))"


def kill_compaction(results: Path, after: float) -> bool:
    """Begin a compaction and kill it after some seconds; return True if it was still running."""
    process = subprocess.Popen(
        [sys.executable, "-c", COMPACT, str(results)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()  # all is imported
    process.stdin.write(b"\n")
    process.stdin.flush()
    time.sleep(after)
    process.kill()
    process.communicate()
    return process.returncode == -signal.SIGKILL


READER = """
import sys
from pathlib import Path
from sweep.store.read import read_records
results, expected = Path(sys.argv[1]), int(sys.argv[2])
times = 0
while not Path(sys.argv[3]).exists():
    count = len(read_records(results, None, ["cell", "seed", "curve_epoch"]))
    assert count == expected, f"{count} of {expected}"
    times += 1
print(times)
"""


def many_trials(trained: Path, results: Path, cells: Iterable[str], *, seeds: int) -> None:
    """Write copies of one real record for other cells and seeds."""
    (first,) = layout.cells(trained)
    table = pq.ParquetFile(layout.record_path(trained, first, 0)).read()
    for cell in cells:
        (results / cell).mkdir(exist_ok=True)
        for seed in range(seeds):
            row = table.set_column(table.schema.get_field_index("seed"), "seed", pa.array([seed]))
            row = row.set_column(row.schema.get_field_index("cell"), "cell", pa.array([cell]))
            files.write(layout.record_path(results, cell, seed), schema.seal(row))


@pytest.mark.slow
@scaled("moments", 3, 50)
def test_compaction_killed(moments: int, trained: Path, tmp_path: Path, count: Count) -> None:
    """A compaction killed at random moments beside a reader loses nothing."""
    results, cells, seeds = tmp_path / "results", [f"{number:016x}" for number in range(3)], 20
    results.mkdir()
    many_trials(trained, results, cells, seeds=seeds)
    expected = sweep.curves(results)
    rng, killed, lost = random.Random(0), 0, 0
    arguments = [str(results), str(len(cells) * seeds), str(tmp_path / "stop")]
    reader = subprocess.Popen([sys.executable, "-c", READER, *arguments], stdout=subprocess.PIPE)
    for _ in range(moments):
        # Mixed again: some trials have a file of their own, too, or only that.
        cell, shown = rng.choice(cells), rng.randrange(seeds)
        many_trials(trained, results, [cell], seeds=shown)
        killed += kill_compaction(results, rng.uniform(0, 0.3))
        curves = sweep.curves(results)
        lost += len(expected) - len(curves)
        pd.testing.assert_frame_equal(curves, expected)
    compact(results)
    pd.testing.assert_frame_equal(sweep.curves(results), expected)
    (tmp_path / "stop").touch()
    read, _ = reader.communicate(timeout=60)
    assert reader.returncode == 0
    assert int(read) > 0
    assert [len(layout.scan(results, cell).records) for cell in cells] == [1, 1, 1]
    count("compactions killed beside a reader", tried=moments, running=killed, reads=int(read), lost=lost)


def test_concurrent_compactions(trained: Path, tmp_path: Path) -> None:
    """Two compactions and a writer at once lose nothing."""
    results, cell, seeds = tmp_path / "results", "0" * 16, 60
    results.mkdir()
    many_trials(trained, results, [cell], seeds=10)
    program = "import sys; from pathlib import Path; from sweep.store.upkeep import compact\n"
    program += "for _ in range(15): compact(Path(sys.argv[1]))"
    running = [subprocess.Popen([sys.executable, "-c", program, str(results)]) for _ in range(2)]
    many_trials(trained, results, [cell], seeds=seeds)
    assert [process.wait(120) for process in running] == [0, 0]
    assert list(sweep.load(results)["seed"]) == list(range(seeds))
