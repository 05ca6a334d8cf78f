"""The papers that there are."""

from pathlib import Path

from sweep.papers import reading
from sweep.papers.drawing import FIGURES
from sweep.papers.entries import Vocabulary
from sweep.papers.measuring import MEASURES
from sweep.papers.reading import REPORTS
from sweep.papers.specification import Paper
from sweep.papers.tabulating import TABLES
from sweep.records.schema import TRIAL

VOCABULARY = Vocabulary(FIGURES, TABLES, MEASURES, TRIAL.names)


def papers(name: str, reports: Path = REPORTS) -> list[Paper]:
    """The paper of this name, or all, those in `reports` first.

    Raises PaperError when one is unknown or not as it must be.
    """
    wanted = reading.names(reports) if name == "all" else [name]
    return [reading.read(each, VOCABULARY, reports) for each in wanted]
