"""Which cell it is, where the user's own entries take part."""

import hashlib
import json
from pathlib import Path

from tests.extending.page import EXAMPLES, SPIRAL, TINY, recorded, settled
from tests.processes import forked


def test_registered_setting_tells_cells_apart(tmp_path: Path) -> None:
    """At its default it does not count."""
    trials = settled(tmp_path, "laboratory")
    configs = [json.loads(text) for text in recorded(tmp_path)]
    assert sorted(config.get("laboratory", "-") for config in configs) == ["-", "-", "there", "there"]
    assert trials["weights_sha256"].nunique() == 2  # it changes no number
    # At its default the cell is that of a world without the setting.
    done = forked(tmp_path, *SPIRAL, *TINY, "dry_run=true")
    assert "2 stored, 0 to train" in done.stdout


def test_another_source_is_another_cell(tmp_path: Path) -> None:
    """Records hold the digest of the source."""
    source, _ = EXAMPLES["root"]
    arguments = ["optimizer=root", "learning_rate=0.01", *SPIRAL, *TINY]
    stored = []
    for text in (source, source, source.replace("1e-6)\n", "1e-5)\n")):
        (tmp_path / "root.py").write_text(text, encoding="utf-8")
        done = forked(tmp_path, *arguments, SWEEP_EXTENSIONS="root")
        assert done.returncode == 0, done.stderr
        stored.append(len(recorded(tmp_path)))
    assert stored == [2, 2, 4]
    digests = {json.loads(text)["extensions"]["optimizer.root"] for text in recorded(tmp_path)}
    written = (source, source.replace("1e-6)\n", "1e-5)\n"))
    assert digests == {hashlib.sha256(text.encode()).hexdigest() for text in written}


def test_the_contents_of_a_data_set_are_its_identity(tmp_path: Path) -> None:
    settled(tmp_path, "rings")
    source = EXAMPLES["rings"][0]
    (tmp_path / "rings.py").write_text(f"{source}\n# the same numbers\n", encoding="utf-8")
    arguments = ["-m", *EXAMPLES["rings"][1][1:], *TINY, "dry_run=true"]
    assert "4 stored, 0 to train" in forked(tmp_path, *arguments, SWEEP_EXTENSIONS="rings").stdout
    (tmp_path / "rings.py").write_text(source.replace("rng(0)", "rng(1)"), encoding="utf-8")
    assert "0 stored, 4 to train" in forked(tmp_path, *arguments, SWEEP_EXTENSIONS="rings").stdout
