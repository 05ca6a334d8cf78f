"""Values from outside the configuration, such as ${oc.env:HOME}: only the folder of records may have one.

Records, tables and file names show the values of all other settings, and who writes ${oc.env:TOKEN} may not
think of that. A value that is typed out, also by the shell as "$HOME", is seen where it is typed.
"""

import re
from collections.abc import Iterable

from omegaconf import DictConfig, OmegaConf

from sweep.config import plain_yaml
from sweep.config.options import groups
from sweep.errors import SettingError

FREE = "results"  # neither in records nor in tables
# ${results}, ${.results}, and a reference whose name is itself a value, ${${name}}
_REFERENCE = re.compile(rf"\$\{{[^{{}}]*({FREE}|\$\{{)")


def check_outside_values(own: DictConfig) -> None:
    """Raise SettingError for a setting, other than `results`, whose value would come from outside.

    `own` are the composed settings, not resolved. The error names the setting and what is written, never the
    value.
    """
    written = list(plain_yaml.texts(OmegaConf.to_container(own, resolve=False)))
    outside = any(key == FREE and plain_yaml.calls_resolver(text) for key, text in written)
    for key, text in written:
        if key != FREE and (plain_yaml.calls_resolver(text) or (outside and _REFERENCE.search(text))):
            raise _refused(key, text)


def check_choices(overrides: Iterable[str]) -> None:
    """Raise SettingError for an override that chooses an option of a group by a value from elsewhere.

    Hydra takes the value before it looks for the option, and shows it where there is none of that name.
    """
    for line in overrides:
        key, _, value = line.partition("=")
        key = key.lstrip("+").partition("@")[0]
        if "${" in value and ("/" in key or key in (*groups(), "experiment")):
            raise _refused(key, value)


def _refused(key: str, text: str) -> SettingError:
    return SettingError(
        f"{key}={text}: must be typed out: records, tables and names of files show the value;"
        f" only {FREE} may come from outside"
    )
