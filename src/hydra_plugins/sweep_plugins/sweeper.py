"""Hydra's basic sweeper, which checks all jobs first and leaves nothing behind if one is wrong."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore

from hydra_plugins.sweep_plugins.launcher import PoolLauncher


@dataclass
class CheckedSweeperConfig:
    """The settings of Hydra's basic sweeper."""

    _target_: str = "hydra_plugins.sweep_plugins.sweeper.CheckedSweeper"
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
