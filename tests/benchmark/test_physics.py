import json
import shutil

import numpy as np
import pytest

from hepaphase.benchmark.physics import completed_cards, true_cards, write_bands
from hepaphase.evaluation.physics.card import QUANTILES
from hepaphase.phantom.cohort import CohortOptions, write_cohort
from hepaphase.phantom.seeds import seed_range
from hepaphase.study.phase import Phase


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A patient, and the same again as one in whom something failed."""
    folder = tmp_path_factory.mktemp("cohort")
    write_cohort(folder, list(seed_range("ci")[:1]), CohortOptions(grid="liver", prepared=True))
    (whole,) = folder.glob("*.npz")
    failed = whole.with_name(f"{whole.stem}-failed.npz")
    shutil.copy(whole, failed)
    with np.load(whole) as content:
        parts = dict(content)
    parts["exam"] = np.array(json.dumps({**json.loads(str(parts["exam"])), "events": ["cut off"]}))
    np.savez_compressed(failed, **parts)
    return [whole, failed]


def test_bands_are_of_patients_in_whom_nothing_failed(files, tmp_path) -> None:
    true, completed = true_cards(files, quiet=True), completed_cards(files, (Phase.PVP,), quiet=True)
    assert [card.case for card in true] == [files[0].stem] == [card.case for card in completed[Phase.PVP]]
    write_bands(true, completed, tmp_path / "bands.json", {"cohort": "toys"})
    content = json.loads((tmp_path / "bands.json").read_text(encoding="utf-8"))
    aorta = next(item for item in true[0].items if item.key == "M2 aorta AP")
    band = content["bands"]["M2 aorta AP"]
    assert (
        content["at"] == list(QUANTILES)
        and band["n"] == 1
        and band["quantiles"][0] == pytest.approx(aorta.value, rel=0.01)
    )
    assert {key.split()[0] for key in content["completed"]["PVP"]} == {"M10", "M11"}
