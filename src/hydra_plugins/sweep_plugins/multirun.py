"""Multiruns of Hydra: a sweeper that checks all jobs first, and a launcher that trains them in one pool."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
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
    """The empty configuration of the launcher; `parallel` says how many workers there are."""

    _target_: str = "hydra_plugins.sweep_plugins.multirun.PoolLauncher"


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
    """A launcher that runs all jobs as one sweep: no core idles while trials remain."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Store Hydra's context for `launch`; the jobs run without its task function."""
        self.hydra_context, self.config = hydra_context, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Compose all jobs, check them, and train what is missing of them in one pool."""
        from sweep.config.compose import expand, explicit_settings, sweep_composer
        from sweep.config.unused import refuse_unused
        from sweep.session import console, run_sweep

        compose = sweep_composer(self.hydra_context.config_loader, self.config)
        jobs = [expand(overrides, compose) for overrides in job_overrides]
        configs = [config for job in jobs for config in job]
        refuse_unused(configs)
        explicit = explicit_settings(job_overrides[0], compose.config(job_overrides[0]).grid)
        summary = run_sweep(configs, Path(self.config.hydra.sweep.dir), console(), explicit=explicit)
        values = _objectives(summary, jobs)
        return [
            JobReturn(overrides=overrides, status=JobStatus.COMPLETED, _return_value=value)
            for overrides, value in zip(job_overrides, values, strict=True)
        ]


def _objectives(summary: "pd.DataFrame", jobs: "Sequence[Sequence[Config]]") -> list[float | None]:
    """Return the value by which a sweeper may choose each job; None for a dry run."""
    from sweep.runner.plan import cells_of
    from sweep.session import objective

    if summary.empty:
        return [None] * len(jobs)
    cells = iter(cells_of([config for job in jobs for config in job]))
    ids = [list(dict.fromkeys(next(cells).id for _ in job)) for job in jobs]
    rows = {cell: row for row, cell in enumerate(summary["cell"])}
    return [objective(summary.iloc[[rows[cell] for cell in job if cell in rows]]) for job in ids]


@dataclass
class CheckedSweeperConfig:
    """The settings of Hydra's basic sweeper."""

    _target_: str = "hydra_plugins.sweep_plugins.multirun.CheckedSweeper"
    max_batch_size: int | None = None
    params: dict[str, str] | None = field(default_factory=dict)


ConfigStore.instance().store(
    group="hydra/sweeper", name="checked", node=CheckedSweeperConfig, provider="sweep"
)


class CheckedSweeper(BasicSweeper):
    """A sweeper that expands comma-separated values into jobs, as Hydra's basic sweeper does."""

    def sweep(self, arguments: list[str]) -> Any:
        from sweep.core.errors import ExecutionError
        from sweep.session import remove_hydra_output

        assert self.config is not None
        try:
            return super().sweep(arguments)
        except ExecutionError:  # some trials are done, and their summary is written
            raise
        except Exception:
            remove_hydra_output(Path(self.config.hydra.sweep.dir))
            raise

    def validate_batch_is_legal(self, batch: Any) -> None:
        if isinstance(self.launcher, PoolLauncher):
            return  # it composes and checks every job itself, before it trains any
        from sweep.config.check import check
        from sweep.config.compose import expand, sweep_composer
        from sweep.config.unused import refuse_unused

        assert self.config is not None
        assert self.hydra_context is not None
        compose = sweep_composer(self.hydra_context.config_loader, self.config)
        configs = [config for overrides in batch for config in expand(overrides, compose)]
        for config in configs:
            check(config)
        refuse_unused(configs)
