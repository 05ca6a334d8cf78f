"""Anything in a file or on the command line is read or refused in one line: no traceback, no hang."""

import contextlib
import gzip
import json
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.reliability.scale import Count, scaled

import sweep
from sweep.config.check import check
from sweep.config.compose import application_composer, expand, register_schema, sweep_application
from sweep.config.schema import nodes
from sweep.core.errors import StoreError, SweepError
from sweep.data import idx
from sweep.papers import read, writing
from sweep.store import layout, schema

PAPERS = Path(__file__).parents[2] / "reports"
GUARD = 20_000  # milliseconds of one example: only a hang takes so long
IMAGES = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, *range(8)])
LONG = st.sampled_from(
    ["1" * 5000, "[" * 2000, "{a:" * 2000, "(" * 2000, "'" * 2000, "a" * 9000, "1:" * 3000, "${" * 1000]
)
PIECES = st.sampled_from(
    [
        *("=", ",", ":", "[", "]", "{", "}", "(", ")", "'", '"', "\\", "$", "${", " ", "\n", "\t", "~", "+"),
        *("@", "/", ".", "-", "*", "&", "&a", "*a", "!", "!!int", "!!python/object", "|", ">", "%", "#", "?"),
        *("1", "0", "-1", "1e999", "nan", "inf", "0x", "1_0", "1:2", "null", "true", "2001-99-99", "\0"),
        *("\x1b", "\ufeff", "\u202e", "é", "range(", "choice(", "glob(", "sort(", "int(", "hydra", "<<: "),
        *("experiment", "_target_", "${hidden}", "${oc.env:HOME}", "${results}", "???", "defaults", "_self_"),
    ]
)
TEXT = st.lists(st.one_of(PIECES, PIECES, PIECES, st.text(max_size=5), LONG), max_size=8).map("".join)


def fuzzed(strategy: st.SearchStrategy[Any], tried: Callable[[Any], None], examples: int) -> None:
    """Try that many examples; an error that is no SweepError fails, and so does one that takes too long."""
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]

    @settings(max_examples=examples, deadline=GUARD, suppress_health_check=quiet, database=None)
    @given(strategy)
    def run(example: Any) -> None:
        with contextlib.suppress(SweepError):
            tried(example)

    run()


def damaged(data: bytes) -> st.SearchStrategy[bytes]:
    """Draw the bytes with a part replaced by others."""
    start = st.integers(0, len(data))
    return st.builds(
        lambda start, length, other: data[:start] + other + data[start + length :],
        *(start, st.integers(0, 40), st.binary(max_size=40)),
    )


@scaled("examples", 50, 20_000)
def test_fuzzed_data_files(tmp_path: Path, count: Count, examples: int) -> None:
    """Any bytes in a data file are read, or refused in one line."""
    plain, zipped = tmp_path / "images", tmp_path / "images.gz"

    def load(content: bytes) -> None:
        for file, written in ((plain, content), (zipped, content), (zipped, gzip.compress(content, 1))):
            file.write_bytes(written)
            for step in (idx.read, idx.shape, idx.contents_sha256):
                with contextlib.suppress(SweepError):
                    step(file, 3)

    fuzzed(st.one_of(damaged(IMAGES), damaged(gzip.compress(IMAGES)), st.binary()), load, examples)
    count("fuzzed data files", tried=examples, traceback=0)


@scaled("examples", 60, 5000)
def test_fuzzed_overrides(count: Count, examples: int) -> None:
    """Any text on the command line is a setting, or refused in one line."""
    register_schema()
    keys = st.sampled_from([*nodes(), "experiment", "hydra.run.dir", "hydra/launcher", "compare.baseline"])
    line = st.one_of(st.builds("{}={}".format, keys, TEXT), st.builds("{}={}".format, TEXT, TEXT), TEXT)
    with sweep_application():
        composer = application_composer()

        def composed(lines: list[str]) -> None:
            for config in expand(lines, composer):
                check(config)

        fuzzed(st.lists(line, min_size=1, max_size=3), composed, examples)
    count("fuzzed overrides", tried=examples, traceback=0)


@scaled("examples", 25, 2000)
def test_fuzzed_papers(tmp_path: Path, count: Count, examples: int) -> None:
    """Any text in a paper.yaml is read, or refused in one line."""
    whole = (PAPERS / "paterson" / "paper.yaml").read_text(encoding="utf-8")
    file = tmp_path / "paterson" / "paper.yaml"
    file.parent.mkdir()
    start = st.integers(0, len(whole))

    def parse(example: tuple[int, int, str]) -> None:
        start, length, text = example
        content = whole[:start] + text + whole[start + length :]
        file.write_text(content, encoding="utf-8", errors="surrogatepass")
        read.read("paterson", writing.VOCABULARY, tmp_path)

    fuzzed(st.tuples(start, st.integers(0, 60), TEXT), parse, examples)
    count("fuzzed papers", tried=examples, traceback=0)


@cache
def record() -> pa.Table:
    """Read one real record of a report."""
    return pq.read_table(PAPERS / "paterson" / "records.parquet").slice(0, 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
DEEP = "[" * 5000


@st.composite
def columns(draw: st.DrawFn) -> pa.Table:
    """Draw the record with another value, type or name in some of its columns, and with other rows."""
    table = record()
    for name in draw(st.lists(st.sampled_from(table.column_names), max_size=3)):
        index = table.column_names.index(name) if name in table.column_names else -1
        if index < 0:
            continue
        kind = draw(st.integers(0, 4))
        if kind == 0:
            table = table.remove_column(index)
        elif kind == 1:
            table = table.set_column(index, name, pa.nulls(len(table), table.field(index).type))
        elif kind == 2:
            text = draw(st.one_of(JSON.map(json.dumps), st.text(), st.just(DEEP)))
            table = table.set_column(index, name, pa.array([text] * len(table)))
        elif kind == 3:
            table = table.set_column(index, name, pa.array([draw(st.integers(-9, 2**62))] * len(table)))
        else:
            table = table.set_column(index, name, pa.array([draw(st.lists(st.floats()))] * len(table)))
    return table.slice(0, draw(st.integers(0, 1)) if draw(st.booleans()) else 1)


@scaled("examples", 25, 1500)
def test_fuzzed_records(tmp_path: Path, count: Count, examples: int) -> None:
    """Any bytes in a record are read, or skipped."""
    (row,) = record().select(["cell", "seed"]).to_pylist()
    file = layout.record_path(tmp_path, row["cell"], row["seed"])
    file.parent.mkdir()

    def load(content: bytes) -> None:
        file.write_bytes(content)
        with warnings.catch_warnings(action="ignore"):
            for step in (sweep.load, lambda folder: sweep.load(folder, bits=True), sweep.curves):
                for path in (tmp_path, file):
                    with contextlib.suppress(StoreError):
                        step(path)

    whole = schema.seal(record())
    trial = st.one_of(JSON.map(json.dumps), st.just(DEEP), st.just("")).map(
        lambda text: {schema.SEALED_TRIAL: text}
    )
    about = st.one_of(st.none(), trial)
    fuzzed(st.one_of(st.builds(schema.seal, columns(), about), damaged(whole)), load, examples)
    count("fuzzed records", tried=examples, traceback=0)
