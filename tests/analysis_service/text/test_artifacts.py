"""The shipped weights: mapped, checked, small, and refused with a sentence when they are not what they should be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from analysis_service.text.artifacts import FOLDER, ArtifactBroken, sentiment_weights


def copy(to: Path) -> Path:
    target = to / "weights"
    shutil.copytree(FOLDER, target)
    return target


def test_weights_are_mapped_and_small() -> None:
    weights = sentiment_weights()
    assert isinstance(weights.matrix, np.memmap)
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 8_000_000
    assert np.all(np.diff(weights.english.astype(object)) > 0)


def test_another_file_is_refused(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    np.save(folder / "english.npy", np.zeros(3, dtype=np.uint64))
    with pytest.raises(ArtifactBroken, match=r"english\.npy"):
        sentiment_weights(folder)


def test_missing_weights_say_how_to_build_them(tmp_path: Path) -> None:
    with pytest.raises(ArtifactBroken, match="make train"):
        sentiment_weights(tmp_path)


def test_another_shape_is_refused(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    np.save(folder / "sentiment.npy", np.zeros((4, 4), dtype=np.int16))
    described = json.loads((folder / "sentiment.json").read_text("utf-8"))
    del described["files"]["sentiment.npy"]
    (folder / "sentiment.json").write_text(json.dumps(described), "utf-8")
    with pytest.raises(ArtifactBroken, match="shape"):
        sentiment_weights(folder)


def test_the_model_card_describes_these_files() -> None:
    card = (FOLDER.parents[2] / "docs" / "reference" / "models" / "sentiment.md").read_text("utf-8")
    described = json.loads((FOLDER / "sentiment.json").read_text("utf-8"))
    for digest in described["files"].values():
        assert digest in card
    for name, rows in described["rows"].items():
        assert f"| {name} | {rows:,} |" in card
    assert f"{described['name']}-{described['version']}" in card
