"""The papers that there are."""

from sweep.analysis.records import TRIAL_COLUMNS
from sweep.papers import specification
from sweep.papers.drawing import DRAWS
from sweep.papers.measuring import MEASURES
from sweep.papers.specification import Paper
from sweep.papers.tabulating import MAKES


def papers(name: str) -> list[Paper]:
    """The paper of this name, or all. Raises PaperError when one is unknown or not as it must be."""
    wanted = specification.names() if name == "all" else [name]
    return [specification.read(each, DRAWS, MAKES, MEASURES, TRIAL_COLUMNS) for each in wanted]
