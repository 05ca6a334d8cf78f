"""Hydra with this package's configuration, also while another Hydra application is running."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hydra import initialize_config_dir, version
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.global_hydra import GlobalHydra

from sweep import resources

VERSION_BASE = "1.3"


def is_ours(search_path: ConfigSearchPath) -> bool:
    """Whether a search path belongs to an application whose configuration is our conf/."""
    conf = resources.folder("conf").resolve()
    return any(
        item.provider == "main" and item.path and Path(item.path.removeprefix("file://")).resolve() == conf
        for item in search_path.get_path()
    )


@contextmanager
def own_application() -> Iterator[None]:
    """In this context Hydra composes from our conf/. A running application is restored afterwards."""
    running = GlobalHydra.instance()
    hydra, base = running.hydra, version.getbase()
    if hydra is not None and is_ours(hydra.config_loader.get_search_path()):
        yield
        return
    running.clear()
    try:
        with initialize_config_dir(str(resources.folder("conf")), version_base=VERSION_BASE):
            yield
    finally:
        running.hydra = hydra
        GlobalHydra.set_instance(running)
        version.VersionBase.instance().version_base = base
