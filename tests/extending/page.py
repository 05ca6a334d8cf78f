"""The examples of docs/extending.md, and how tests run them: in a folder and a process of their own."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from tests.processes import forked

import sweep

PAGE = (Path(__file__).parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")
# By the name of its module, each example: its source, and the arguments of its command.
EXAMPLES: dict[str, tuple[str, list[str]]] = {
    name: (source, command.split())
    for name, source, command in re.findall(
        r"```python\n# (\w+)\.py\n(.*?)```\n\n```bash\npython -m sweep (.*?)\n```", PAGE, re.DOTALL
    )
}
TINY = ["seeds=2", "epochs=2", "batch_size=20", "figures=false", "parallel.n_jobs=1"]
SPIRAL = ["data=spiral", "data.train_size=100", "data.validation_size=20", "data.test_size=40", "hidden=4"]


def settled(folder: Path, name: str, *more: str) -> pd.DataFrame:
    """The trials of an example's own command, in the order of its cells, with tiny settings."""
    source, command = EXAMPLES[name]
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    given = {argument.partition("=")[0] for argument in [*command, *more]}
    tiny = [setting for setting in (*SPIRAL, *TINY) if setting.partition("=")[0] not in given]
    if "data" in given:
        tiny = [setting for setting in tiny if not setting.startswith("data.")]
    done = forked(folder, *command, *tiny, *more, SWEEP_EXTENSIONS=name)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return sweep.load(folder / "results")


def recorded(folder: Path) -> list[str]:
    """The settings in each record."""
    files = sorted((folder / "results").glob("*/*.parquet"))
    return [pq.ParquetFile(file).read(["config"])["config"][0].as_py() for file in files]


def settings_in_python(n_jobs: int) -> Mapping[str, Any]:
    data = {"name": "spiral", "train_size": 100, "validation_size": 20, "test_size": 40}
    parallel = {"n_jobs": n_jobs, "block_size": 1}
    return {"data": data, "hidden": 4, "seeds": 2, "epochs": 1, "parallel": parallel, "figures": False}
