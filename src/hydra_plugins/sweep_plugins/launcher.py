"""A launcher that puts the trials of all jobs of a multirun into one pool."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

if TYPE_CHECKING:
    import pandas as pd

    from sweep.config.schema import Config


@dataclass
class PoolLauncherConfig:
    """The launcher has no settings: `parallel` says how many workers there are."""

    _target_: str = "hydra_plugins.sweep_plugins.launcher.PoolLauncher"


ConfigStore.instance().store(group="hydra/launcher", name="pool", node=PoolLauncherConfig, provider="sweep")

# Hydra's default sets level and handler of the root logger, so that notes of other libraries reach the
# terminal, such as "generated new fontManager". Here only Hydra's own lines do. An empty root is left as it
# is, with whatever handlers the user has configured.
ConfigStore.instance().store(
    group="hydra/hydra_logging",
    name="hydra_only",
    node={
        "version": 1,
        "formatters": {"simple": {"format": "[%(asctime)s][HYDRA] %(message)s"}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "simple",
                "stream": "ext://sys.stdout",
            }
        },
        "loggers": {"hydra": {"level": "INFO", "handlers": ["console"], "propagate": False}},
        "root": {},
        "disable_existing_loggers": False,
    },
    provider="sweep",
)


class PoolLauncher(Launcher):
    """Composes every job, then runs all of them as one sweep: no core idles while trials remain."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Hydra's call before `launch`; the jobs run without its task function."""
        self.hydra_context, self.config = hydra_context, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Compose all jobs, check them, and train what is missing of them in one pool."""
        from sweep.config.check import check_effects
        from sweep.config.compose import expand, given, sweep_composer
        from sweep.session import console, run_sweep

        compose = sweep_composer(self.hydra_context.config_loader, self.config)
        jobs = [expand(overrides, compose) for overrides in job_overrides]
        configs = [config for own in jobs for config in own]
        check_effects(configs)
        written = given(job_overrides[0], compose.config(job_overrides[0]).grid)
        summary = run_sweep(configs, Path(self.config.hydra.sweep.dir), console(), explicit=written)
        values = _objectives(summary, jobs)
        return [
            JobReturn(overrides=overrides, status=JobStatus.COMPLETED, _return_value=value)
            for overrides, value in zip(job_overrides, values, strict=True)
        ]


def _objectives(summary: "pd.DataFrame", jobs: "Sequence[Sequence[Config]]") -> list[float | None]:
    """What a sweeper may choose each job by; None for a dry run."""
    from sweep.runner.plan import cells_of
    from sweep.session import objective

    if summary.empty:
        return [None] * len(jobs)
    cells = iter(cells_of([config for own in jobs for config in own]))
    ids = [list(dict.fromkeys(next(cells).id for _ in own)) for own in jobs]
    rows = {cell: row for row, cell in enumerate(summary["cell"])}
    return [objective(summary.iloc[[rows[cell] for cell in own if cell in rows]]) for own in ids]
