"""A secret of the environment is nowhere in what a sweep writes, but in the name of its folder of records."""

import os
from pathlib import Path

import pytest
from tests.processes import python
from tests.reliability.scale import Count, scaled

from sweep.config import grid
from sweep.config.compose import application_composer, expand, register_schema, sweep_application
from sweep.config.schema import nodes
from sweep.core.errors import SettingError

SECRET = "hunter2"
OUTSIDE = "${oc.env:SECRET}"
VALUES = [OUTSIDE, f"x{OUTSIDE}y", [OUTSIDE], "${oc.decode:${oc.env:SECRET}}"]
SMALL = ["depth=0", "epochs=1", "seeds=1", "data=exam", "output=identity", "loss=mse", "parallel=serial"]
PLAIN = ["figures=false", "hydra.run.dir=out"]


@scaled("values", VALUES[:1], VALUES)
def test_settings_refuse_environment(
    monkeypatch: pytest.MonkeyPatch, count: Count, values: list[object]
) -> None:
    """No setting but `results` takes a value from the environment."""
    monkeypatch.setenv("SECRET", SECRET)
    register_schema()
    keys = [key for key in (*nodes(), "experiment") if key != "results"]
    with sweep_application():
        composer = application_composer()
        for key in keys:
            for value in values:
                with pytest.raises(SettingError) as caught:
                    expand([grid.override(key, value)], composer)
                assert SECRET not in str(caught.value), key
        for reference in ("${results}", "${.results}"):
            with pytest.raises(SettingError, match="name="):
                expand([f"results={OUTSIDE}", f"name={reference}"], composer)
        (config,) = expand([f"results={OUTSIDE}/x", "name=${hidden}"], composer)
    assert (config.results, config.name) == (f"{SECRET}/x", "128")
    count("settings given a secret of the environment", tried=len(keys) * len(values), shown=0)


@pytest.mark.parametrize("argument", [f"experiment={OUTSIDE}", f"name={OUTSIDE}"])
def test_secret_on_command_line(tmp_path: Path, argument: str) -> None:
    """A secret on the command line is refused in one line that does not show it."""
    done = python(tmp_path, "-m", "sweep", argument, SECRET=SECRET)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {argument}: must be typed out")
    assert SECRET not in done.stdout + done.stderr


def test_results_from_environment(tmp_path: Path) -> None:
    """A results folder from the environment appears nowhere but in its name."""
    folder = f"results={OUTSIDE}/x"
    done = python(tmp_path, "-m", "sweep", folder, *SMALL, *PLAIN, SECRET=SECRET)
    assert done.returncode == 0, done.stderr
    written = [file for file in tmp_path.rglob("*") if ".matplotlib" not in file.parts]
    assert len(list((tmp_path / SECRET / "x").glob("*/0.parquet"))) == 1
    assert [file for file in written if SECRET in file.name] == [tmp_path / SECRET]
    assert not [file for file in written if file.is_file() and SECRET.encode() in file.read_bytes()]
    lines = [line for line in done.stdout.splitlines() if SECRET in line]
    assert lines == [f"Records: {tmp_path}{os.sep}{SECRET}{os.sep}x"]
