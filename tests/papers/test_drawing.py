"""Figures of papers, drawn from the committed records."""

import numpy as np
import pytest

from sweep.data import datasets
from sweep.data.settings import DataConfig
from sweep.papers import drawing, read, writing
from sweep.papers.collection import Collection, SelectionError
from sweep.system import files

REPORTS = files.package_folder("reports")


def test_class_errors_share_a_scale() -> None:
    """All panels have the same limits, as only those on the left have numbers."""
    collection = Collection.read(REPORTS / "paterson")
    figure = drawing.class_errors(collection, "training")
    assert len(figure.axes) == 10
    assert len({panel.get_ylim() for panel in figure.axes}) == 1
    assert len({panel.get_xlim() for panel in figure.axes}) == 1
    drawn = max(line.get_ydata().max() for panel in figure.axes for line in panel.get_lines())
    assert 0 <= drawn <= figure.axes[0].get_ylim()[1]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (DataConfig("exam", classes=2, noise=-1.0), r"data\.noise=-1\.0: must be a number, at least 0"),
        (DataConfig("exm"), r"data\.name=exm: must be one of .*did you mean 'exam'"),
        (DataConfig("mnist"), r"data\.name=mnist: must be one of exam, spiral"),
    ],
)
def test_points_of_other_data_refused(data: DataConfig, expected: str) -> None:
    """Only generated data sets, with settings that the checks accept, have points in the plane."""
    with pytest.raises(SelectionError, match=expected):
        drawing.points(Collection.read(REPORTS / "zhao"), data, ["a", "b"])


def test_points_match_the_data() -> None:
    """The figure of Zhao's exam shows the training examples, each class in its colour."""
    paper = read.read("zhao", writing.VOCABULARY)
    (settings,) = (figure.settings for figure in paper.figures if figure.name == "exam_data")
    figure = drawing.points(Collection.read(REPORTS / "zhao"), **settings)
    raw = datasets.load(settings["data"])
    for label, drawn in enumerate(figure.axes[0].collections):
        np.testing.assert_array_equal(drawn.get_offsets(), raw.train_features[raw.train_labels == label])


def test_settings_that_do_not_fit_refused() -> None:
    """There must be a title for each cell, losses must go with the output, an extent must not be empty."""
    collection = Collection.read(REPORTS / "zhao")
    with pytest.raises(SelectionError, match="titles: must be 3, one for each cell"):
        drawing.decision(collection, "spiral", ["one"])
    with pytest.raises(SelectionError, match=r"losses\.cross_entropy: does not go with output=sigmoid"):
        drawing.output_gradients(collection, "sigmoid", {"cross_entropy": 1.0})
    with pytest.raises(SelectionError, match=r"extent=\[1, 0, 0, 1\]: must be x0, x1, y0, y1"):
        drawing.descent(collection, [[1, 2, 0]], [[0, 0]], rates=[0.1], steps=1, extent=[1, 0, 0, 1])
