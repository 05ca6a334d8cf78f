"""Experiments for Hydra: their folders in its search path, and the reader that checks them before Hydra acts.

Hydra loads these plugins for every Hydra application of the environment; both serve our own alone.
"""

from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from sweep.config.compose import is_sweep_application
from sweep.system import files


class ExperimentSource(ConfigSource):
    """The group `experiment` of a folder `sweeps`, and nothing else in that folder."""

    @staticmethod
    def scheme() -> str:
        """Return the beginning of such paths in Hydra's search path."""
        return "sweep-experiments"

    def load_config(self, config_path: str) -> ConfigResult:
        """Return the checked content of an experiment file."""
        from sweep.config.untrusted import read

        content = OmegaConf.create(read(Path(self.path), self._normalize_file_name(config_path)))
        return ConfigResult(self.provider, self.full_path(), content, {"package": "_global_"})

    def available(self) -> bool:
        """Return True if the folder exists."""
        return Path(self.path).is_dir()

    def is_group(self, config_path: str) -> bool:
        """Return True if a path is a folder of experiments."""
        from sweep.config.untrusted import serves
        from sweep.system.files import is_folder

        return config_path == "" or (serves(config_path) and is_folder(Path(self.path, config_path)))

    def is_config(self, config_path: str) -> bool:
        """Return True if a path is an experiment."""
        from sweep.config.untrusted import serves
        from sweep.system.files import is_folder, path_exists

        file = Path(self.path, self._normalize_file_name(config_path))
        return serves(config_path) and path_exists(file) and not is_folder(file)

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """Return the names in a folder of experiments: of its folders, its files, or both."""
        files: list[str] = []
        for file in sorted(Path(self.path, config_path).iterdir()):
            path = f"{config_path}/{file.name}" if config_path else file.name
            self._list_add_result(files, path, file.name, results_filter)
        return files


class SweepSearchPath(SearchPathPlugin):
    """A plugin that adds the folders of experiments to Hydra's search path, the user's own first."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        if not is_sweep_application(search_path):
            return
        for folder in dict.fromkeys(folder.absolute() for folder in files.resource_folders("sweeps")):
            if folder.is_dir():
                search_path.append("sweep", f"{ExperimentSource.scheme()}://{folder}")
