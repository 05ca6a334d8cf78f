"""Annotations of the settings that several kinds of figures have."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from sweep.analysis import figures
from sweep.papers.rules import AtLeast, Increasing, Length, OneOf

Where = Mapping[str, Any] | None
Parts = Annotated[Sequence[Annotated[str, OneOf(figures.PARTS)]], Length(1)]
Range = Annotated[Sequence[float], Length(2, 2), Increasing()]
Pair = Annotated[Sequence[str], Length(2, 2)]
Count = Annotated[int, AtLeast(1)]
