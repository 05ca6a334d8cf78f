"""Nothing that is read is run, data, records, settings or papers: no pickle, no eval, no tag of YAML."""

import ast
import contextlib
import json
import pickle
import re
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.reliability.scale import Count

import sweep
from sweep.core.errors import SweepError
from sweep.data import datasets
from sweep.data.settings import DataConfig
from sweep.papers.collection import Collection
from sweep.store import layout, schema

SOURCES = Path(sweep.__file__).parents[1]
OURS = re.compile(r"sweep(\.|$)")  # modules that are themselves read here: sweep.system is not os.system
# Names that run what they read, or look up by name what is run.
RUNNING = {"eval", "exec", "compile", "__import__", "pickle", "marshal", "shelve", "dill", "cloudpickle"}
RUNNING |= {
    "joblib",
    "loky",
    "allow_pickle",
    "read_pickle",
    "unsafe_load",
    "full_load",
    "UnsafeLoader",
    "FullLoader",
}
RUNNING |= {
    "import_module",
    "exec_module",
    "spec_from_file_location",
    "run_path",
    "run_module",
    "instantiate",
}
RUNNING |= {"get_method", "get_class", "get_object", "system", "popen", "Popen", "check_output", "query"}
ALLOWED = {
    ("sweep/runner/pool.py", "joblib"): "`Parallel` in threads: nothing is pickled or loaded",
    **{
        (f"sweep/runner/{file}.py", "loky"): "tasks travel between our own processes"
        for file in ("pool", "shared_data")
    },
    ("sweep/cli/__init__.py", "import_module"): "the module of a command, by a fixed name",
    ("sweep/config/extensions.py", "import_module"): "modules that SWEEP_EXTENSIONS or a package names",
    ("sweep/engines/__init__.py", "import_module"): "our own compiled engine, by a fixed name",
    ("sweep/config/schema.py", "pickle"): "copyreg.pickle: how a configuration goes to a worker",
}
READERS = {
    ("sweep/config/untrusted.py", "yaml.load"): "OmegaConf's SafeLoader, after a check",
    ("sweep/config/tables.py", "OmegaConf.load"): "our own conf/",
    ("sweep/runner/shared_data.py", "np.load"): "arrays of our own, without pickles",
}


def names(tree: ast.AST) -> Iterator[str]:
    """Yield every name that code uses or imports, except our own modules and methods called compile."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr != "compile":
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.Import | ast.ImportFrom):
            modules = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            yield from (part for name in modules if not OURS.match(name) for part in name.split("."))


@cache
def trees() -> dict[str, ast.Module]:
    files = [file for package in ("sweep", "hydra_plugins") for file in (SOURCES / package).rglob("*.py")]
    return {file.relative_to(SOURCES).as_posix(): ast.parse(file.read_text("utf-8")) for file in files}


def test_dangerous_names_in_source() -> None:
    """Our code uses names that run what they read only in the listed files."""
    used = {(file, name) for file, tree in trees().items() for name in names(tree) if name in RUNNING}
    assert used == set(ALLOWED)


def test_readers_in_source() -> None:
    """Our code uses readers that could run code only in the listed files."""
    readers = set()
    for file, tree in trees().items():
        for node in ast.walk(tree):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in (
                "yaml.load",
                "yaml.load_all",
                "OmegaConf.load",
                "np.load",
                "numpy.load",
                "load_npz",
            ):
                readers.add((file, called))
    assert readers == set(READERS)


class Planted:
    """A pickle of it leaves a file where it is read."""

    def __init__(self, ran: Path) -> None:
        self.ran = ran

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.ran,)


def object_array(ran: Path) -> bytes:
    """Return a .npy file that NumPy would read with allow_pickle."""
    file = ran.with_suffix(".npy")
    np.save(file, np.array([Planted(ran)], dtype=object), allow_pickle=True)
    return file.read_bytes()


def with_extension_type(ran: Path) -> bytes:
    """Return a Parquet file with a column that older pyarrow unpickled, and with pandas' own metadata."""
    kind = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(Planted(ran)),
    }
    field = pa.field("cell", pa.string(), metadata=kind)
    pandas = json.dumps({"pandas_version": "1", "columns": [{"name": "!!python/object/apply:os.getcwd []"}]})
    table = pa.table([["0" * 16], [0]], pa.schema([field, pa.field("seed", pa.int64())], {"pandas": pandas}))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def sealed(ran: Path) -> bytes:
    """Return a record of this kind with a right digest."""
    return schema.seal(pq.read_table(pa.BufferReader(with_extension_type(ran))), {"scale": "full"})


def as_data(folder: Path, content: bytes) -> None:
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (folder / f"{name}-ubyte").write_bytes(content)
    datasets.load(DataConfig(name="idx", root=str(folder)))


def as_record(folder: Path, content: bytes) -> None:
    file = layout.record_path(folder, "0" * 16, 0)
    file.parent.mkdir()
    file.write_bytes(content)
    sweep.load(folder, bits=True)


def as_pack(folder: Path, content: bytes) -> None:
    (folder / "records.parquet").write_bytes(content)
    sweep.curves(folder / "records.parquet")


def as_report(folder: Path, content: bytes) -> None:
    (folder / "records.parquet").write_bytes(content)
    collection = Collection.read(folder)
    _ = collection.scale, collection.experiments


def as_measurement(folder: Path, content: bytes) -> None:
    (folder / "measurements").mkdir()
    (folder / "measurements" / "x.csv").write_bytes(content)
    Collection(folder / "records.parquet").measurement("x", ["y"])


CONTENTS: list[Callable[[Path], bytes]] = [
    lambda ran: pickle.dumps(Planted(ran)),
    object_array,
    with_extension_type,
    sealed,
]
READS = [as_data, as_record, as_pack, as_report, as_measurement]


@pytest.mark.filterwarnings("ignore")  # a record that is set aside
def test_planted_code_never_runs(tmp_path: Path, count: Count) -> None:
    """Code planted where data is read does not run."""
    ran = tmp_path / "ran"
    for number, (read, content) in enumerate((read, content) for read in READS for content in CONTENTS):
        folder = tmp_path / str(number)
        folder.mkdir()
        with contextlib.suppress(SweepError), warnings.catch_warnings(action="ignore"):
            read(folder, content(ran))
        assert not ran.exists()
    pickle.loads(pickle.dumps(Planted(ran)))
    assert ran.exists()
    count("pickles and other code planted where data is read", tried=len(READS) * len(CONTENTS), ran=0)
