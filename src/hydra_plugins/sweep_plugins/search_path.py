"""Experiments in the package's sweeps/ and in sweeps/ of the working folder, for our own configuration alone.

Hydra calls this plugin for every Hydra application of the environment.
"""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin

from hydra_plugins.sweep_plugins.experiment_source import ExperimentSource
from sweep.config.compose import is_sweep_application
from sweep.system import files


class SweepSearchPath(SearchPathPlugin):
    """A plugin that adds the folders of experiments to Hydra's search path, the user's own first."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        if not is_sweep_application(search_path):
            return
        for folder in dict.fromkeys(folder.absolute() for folder in files.resource_folders("sweeps")):
            if folder.is_dir():
                search_path.append("sweep", f"{ExperimentSource.scheme()}://{folder}")
