"""`sweep.run` inside another Hydra application, which neither sees our experiments nor is disturbed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

APPLICATION = """
import json
from pathlib import Path

import hydra
from hydra import version
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

import sweep

ConfigStore.instance().store(name="schema", node={"model": {"size": 1}})


@hydra.main(config_path="conf", config_name="config", version_base="1.2")
def main(config):
    running = GlobalHydra.instance()
    before = (running.hydra, version.getbase(), HydraConfig.get().job.name)
    loader = running.config_loader()
    groups, sources = loader.list_groups(""), [source.provider for source in loader.get_sources()]
    sizes = {"train_size": 800, "validation_size": 100, "test_size": 200}
    summary = sweep.run({"hidden": 8, "optimizer": "adam", "seeds": 2, "epochs": 1, "data": sizes})
    grid = sweep.run({"experiment": "basics/width_and_depth", "dry_run": True, "seeds": 1, "data": sizes})
    try:
        sweep.run({"hiden": 8})
    except sweep.core.errors.SweepError as error:
        message = str(error)
    assert GlobalHydra.instance() is running
    assert before == (running.hydra, version.getbase(), HydraConfig.get().job.name)
    again = loader.load_configuration("config", ["model.size=3", "optimizer=own"], RunMode.RUN)
    found = {
        "groups": groups,
        "sources": sources,
        "n": summary["n"].tolist(),
        "message": message,
        "size": [config.model.size, again.model.size],
        "optimizer": dict(again.optimizer),
    }
    Path("found.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
"""


@pytest.mark.slow
def test_a_sweep_inside_another_hydra_application(tmp_path: Path) -> None:
    (tmp_path / "conf" / "optimizer").mkdir(parents=True)
    (tmp_path / "conf" / "optimizer" / "own.yaml").write_text("rate: 7\n", encoding="utf-8")
    (tmp_path / "conf" / "config.yaml").write_text(
        "defaults:\n  - schema\n  - _self_\n  - optimizer: null\nmodel: {size: 2}\n", encoding="utf-8"
    )
    (tmp_path / "sweeps" / "experiment").mkdir(parents=True)
    (tmp_path / "app.py").write_text(APPLICATION, encoding="utf-8")
    environment = {**os.environ, "HYDRA_FULL_ERROR": "1"}
    command = [sys.executable, "app.py", "hydra.output_subdir=null"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert set(found["groups"]) == {"hydra", "optimizer"}
    assert "sweep" not in found["sources"]
    assert found["n"] == [2]
    assert found["message"] == "hiden: no such setting; did you mean 'hidden'?"
    assert found["size"] == [2, 3]
    assert found["optimizer"] == {"rate": 7}
    assert "4 cells, 4 trials" in done.stdout
    assert len(list((tmp_path / "results").glob("*/*.parquet"))) == 2
