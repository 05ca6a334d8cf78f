"""What the figures of papers show, from the committed records."""

from sweep import resources
from sweep.papers import drawing
from sweep.papers.collection import Collection

REPORTS = resources.folder("reports")


def test_the_panels_of_class_errors_have_one_scale() -> None:
    """Only the panels on the left have numbers: those of the others are the same."""
    collection = Collection.read(REPORTS / "paterson")
    figure = drawing.class_errors(collection, "training")
    assert len(figure.axes) == 10
    assert len({panel.get_ylim() for panel in figure.axes}) == 1
    assert len({panel.get_xlim() for panel in figure.axes}) == 1
    drawn = max(line.get_ydata().max() for panel in figure.axes for line in panel.get_lines())
    assert 0 <= drawn <= figure.axes[0].get_ylim()[1]
