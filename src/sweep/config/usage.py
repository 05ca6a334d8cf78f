"""`--help`: every setting with its meaning, what it may be and its default, from the schema."""

import textwrap
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from sweep import resources
from sweep.config.effects import describe
from sweep.config.messages import experiments
from sweep.config.schema import Config
from sweep.config.validation import allowed, show

_USAGE = """\
usage: python -m sweep [setting=value ...]
       python -m sweep -m setting=value,value ... [setting=value ...]"""

_INTRODUCTION = (
    "Trains networks, one cell of settings with several seeds each, and shows mean ± standard deviation over"
    " seeds. With -m, settings take several values, and every combination is a cell. What is stored is not"
    " trained again."
)

EXAMPLES = {
    "-m hidden=16,128,256": "three widths, five seeds each",
    "-m optimizer=sgd,adam learning_rate=0.1,0.001 seeds=10": "every combination, ten seeds each",
    "hidden=[300,100] regularization=l2 early_stopping.patience=3": "one network of two hidden layers",
    "-m depth=1,2,3 activation=relu,tanh dry_run=true": "the plan alone: cells, trials, time",
    "experiment=basics/optimizers seeds=3": "a sweep from a file, with fewer seeds",
}

_FLAGS = {
    "-m, --multirun": "settings take several values: a,b or range(1,9)",
    "--cfg job": "the whole configuration; trains nothing",
    "--info": "how it was composed",
    "--version": "the version of sweep",
    "--hydra-help": "all of Hydra's own flags",
}

# The sections of the top-level settings; what is in none of them stands in the last.
_SECTIONS = {
    "The network": "hidden depth activation output loss initializer initializer_std bias",
    "The training": (
        "learning_rate momentum batch_size reduction epochs max_iterations precision"
        " optimizer regularization schedule early_stopping evaluation"
    ),
    "The data": "data",
    "The seeds": "seeds decide budget vary root_seed",
    "The run": "",
}
_INDENT = 30  # where meanings begin


def usage(width: int) -> str:
    """The help text, at most `width` characters across."""
    parts = [
        _USAGE,
        textwrap.fill(_INTRODUCTION, width),
        "Examples:\n" + _listed({f"python -m sweep {line}": text for line, text in EXAMPLES.items()}, width),
    ]
    keys = {name: name for section in _SECTIONS.values() for name in section.split()}
    for title, names in _SECTIONS.items():
        own = [item.name for item in fields(Config) if item.name not in keys] if not names else names.split()
        parts.append(f"{title}:\n" + _listed(dict(entry for name in own for entry in _entries(name)), width))
    parts.append("Flags:\n" + _listed(_FLAGS, width))
    files = f"Experiments, files in sweeps/experiment/ here or in the package: {', '.join(experiments())}"
    parts.append(textwrap.fill(files, width, break_on_hyphens=False))
    return "\n\n".join(parts)


def _entries(name: str) -> Iterator[tuple[str, str]]:
    """`key=default` and its meaning: one pair for a setting, one for each setting of a group."""
    default = getattr(Config(), name)
    if not is_dataclass(default):
        (item,) = (item for item in fields(Config) if item.name == name)
        yield _entry(name, item, default)
        return
    options = sorted(file.stem for file in resources.folder("conf").glob(f"{name}/*.yaml"))
    names = [item.name for item in fields(default)]
    if options and "name" not in names:
        yield f"{name}={options[0]}", f"the settings below at once; one of {', '.join(options)}"
    for item in fields(default):
        key = name if item.name == "name" else f"{name}.{item.name}"
        yield _entry(key, item, getattr(default, item.name))


def _entry(key: str, item: Any, default: object) -> tuple[str, str]:
    rule = item.metadata["setting"]
    declared = f"{key}.name" if item.name == "name" and key != "name" else key
    meaning = rule.help if key == "grid" else f"{rule.help}; {allowed(declared)}"
    if rule.needs:
        meaning += f"; needs {' and '.join(map(describe, rule.needs))}"
    return f"{key}={show(default)}", meaning


def _listed(entries: dict[str, str], width: int) -> str:
    lines = []
    for key, meaning in entries.items():
        wrapped = textwrap.wrap(meaning, width - _INDENT, break_on_hyphens=False)
        if len(key) + 4 > _INDENT:
            lines.append(f"  {key}")
        else:
            lines.append(f"  {key}".ljust(_INDENT) + wrapped.pop(0))
        lines += [" " * _INDENT + line for line in wrapped]
    return "\n".join(lines)
