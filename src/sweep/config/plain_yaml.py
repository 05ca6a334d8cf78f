"""YAML that somebody else may have written, as plain data of a bounded size, in OmegaConf's dialect."""

import re
from collections.abc import Iterator
from typing import Any

import yaml
from omegaconf._utils import get_yaml_loader
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, Event, ScalarEvent

from sweep.errors import one_line

DEEPEST = 50  # lists and mappings inside one another; parsers call themselves for each of them
MOST = 100_000  # values, where an alias stands for all that it repeats
LONGEST_NUMBER = 100  # characters; Python refuses to read some thousands of digits
_NUMBER = re.compile(r"[-+.:_0-9a-fxoA-FXO]+")
_RESOLVER = re.compile(r"\$\{[^{}]*:")  # ${oc.env:HOME} or ${oc.decode:${oc.env:X}}, but not ${hidden}


class RefusedError(yaml.MarkedYAMLError):
    """YAML that is more than plain data of a bounded size."""


def load(text: str) -> Any:
    """What a YAML text says, of mappings, lists, texts, numbers, true, false and null.

    Raises YAMLError for what is no YAML, for tags, for a key that stands twice, and for more than a reader of
    settings may be asked to hold: `DEEPEST`, `MOST`, `LONGEST_NUMBER`.
    """
    loader = get_yaml_loader()
    _check(yaml.parse(text, Loader=loader))
    try:
        return yaml.load(text, Loader=loader)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:  # of PyYAML's own constructors
        raise RefusedError(problem=one_line(error)) from error


def texts(content: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in the values of plain data, with its dotted key."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from texts(value, f"{key}.{name}" if key else str(name))
    elif isinstance(content, list):
        for value in content:
            yield from texts(value, key)
    elif isinstance(content, str):
        yield key, content


def calls_resolver(text: str) -> bool:
    """Whether OmegaConf would take a part of the text from a function, such as ${oc.env:HOME}."""
    return _RESOLVER.search(text) is not None


def _check(events: Iterator[Event]) -> None:
    """Raise RefusedError for what is not plain, or too much. Reads no further than that."""
    sizes: dict[str | None, int] = {}  # of what each anchor stands for
    total, begun = 0, list[tuple[str | None, int]]()
    for event in events:
        if isinstance(event, AliasEvent):
            if event.anchor not in sizes:
                raise _refused("an alias of nothing, or of what it is part of", event)
            total += sizes[event.anchor]
        elif isinstance(event, ScalarEvent | CollectionStartEvent):
            _check_node(event)
            total += 1
        if isinstance(event, ScalarEvent):
            sizes[event.anchor] = 1
        elif isinstance(event, CollectionStartEvent):
            begun.append((event.anchor, total))
        elif isinstance(event, CollectionEndEvent):
            anchor, before = begun.pop()
            sizes[anchor] = total - before + 1
        if len(begun) > DEEPEST:
            raise _refused(f"more than {DEEPEST} levels", event)
        if total > MOST:
            raise _refused(f"more than {MOST:,} values", event)


def _check_node(event: ScalarEvent | CollectionStartEvent) -> None:
    if event.tag is not None:
        raise _refused(f"the tag {event.tag}; must be plain", event)
    text = event.value if isinstance(event, ScalarEvent) and event.implicit[0] else ""
    if len(text) > LONGEST_NUMBER and _NUMBER.fullmatch(text):
        raise _refused(f"a number of more than {LONGEST_NUMBER} characters", event)


def _refused(problem: str, event: Event) -> RefusedError:
    return RefusedError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type]
