"""What the tests of settings share: configurations from settings, and the line that refuses wrong ones."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hydra import initialize_config_dir
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from sweep.config import grid
from sweep.config.check import check
from sweep.config.compose import Composer, application_composer, expand, register_schema
from sweep.config.messages import explain
from sweep.config.schema import Config
from sweep.core.errors import SweepError
from sweep.system import files

Settings = Mapping[str, Any]


@pytest.fixture(scope="session")
def composer() -> Composer:
    """One composer for all tests of a process: each choice of groups is composed by Hydra once."""
    register_schema()
    with initialize_config_dir(str(files.package_folder("conf")), version_base="1.3"):
        return application_composer()


@pytest.fixture(scope="session")
def configured(composer: Composer) -> Callable[[Settings], list[Config]]:
    """The cells of settings with dotted keys, unchecked."""

    def expanded(settings: Settings) -> list[Config]:
        plain = {key: value for key, value in settings.items() if key != "grid"}
        overrides = [grid.override(key, value) for key, value in plain.items()]
        return expand(overrides, composer, settings.get("grid"))

    return expanded


@pytest.fixture(scope="session")
def accepted(configured: Callable[[Settings], list[Config]]) -> Callable[[Settings], None]:
    """Checks settings that are right."""

    def passes(settings: Settings) -> None:
        (config,) = configured(settings)
        check(config)

    return passes


@pytest.fixture(scope="session")
def refusal(configured: Callable[[Settings], list[Config]]) -> Callable[[Settings], str]:
    """The one line that wrong settings are refused with."""

    def message(settings: Settings) -> str:
        with pytest.raises((SweepError, HydraException, OmegaConfBaseException)) as caught:
            check(*configured(settings))
        error = caught.value
        text = str(error if isinstance(error, SweepError) else explain(error))
        assert len(text.splitlines()) == 1
        return text

    return message
