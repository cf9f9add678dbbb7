"""GALS-CE's classifier of eight classes as a row beside LIDIA's: it names patients by lesions that a reader marks."""

from dataclasses import replace
from pathlib import Path

import torch

from ...base.log import track
from ...bundle.bundle import Bundle
from ...diagnosis.diagnose import Reader
from ...diagnosis.galsce.classify import KIND, Classifier
from ...evaluation.reading import Answer, Truth, compare
from ...evaluation.rows import PatientRow, write_rows
from ...recipes.galsce_8 import recipe
from ...recipes.table import recipe as table
from ...study.lesions import MALIGNANT
from ...study.study import AlignedStudy
from ...training.cohort import Split, open_cohort
from ...training.loop import Options, fit
from ...training.run import Run
from ...training.scans import require_unseen
from ..ask import answer, ask
from ..cases import load_case
from ..order import Order
from .drive import given
from .settings import TRAININGS

ROW = "galsce_8"


def drive(order: Order, data: Split, test: Path, out: Path, *, reader: Bundle, quiet: bool = False) -> Path:
    """Train the classifier (or go on) below ``out/runs`` and write ``out/galsce_8-seedN.csv``.

    It learns from true masks of liver and lesions, as GALS-CE's does, in as many steps as the other rows, of eight
    patients each as published. In the test it is given the lesions that ``reader`` marks in the same phases, and the
    lesions of the row are the reader's.

    Raises:
        InputError: when a cohort holds no case, a case without truth, or a test case that trained either network.
        BundleError: when ``reader`` is no reader.
    """
    folder = out / "runs" / f"{ROW}-seed{order.seed}"
    run = _run(order)
    options = Options(resume=(folder / "run.json").exists(), quiet=quiet, tensorboard=False)
    trained = Bundle.load(fit(run, data, folder, options=options).bundle, kind=KIND)
    files = open_cohort(test).files[: order.at_most or None]
    require_unseen(files, {ROW: trained.card, "reader": reader.card})
    torch.set_num_threads(order.threads)
    models = Classifier.from_bundle(trained), Reader.from_bundle(reader)
    rows = []
    for path in track(files, title=f"Reading, {ROW}", total=len(files), quiet=quiet):
        case = load_case(path)
        rows.append(_row(given(case.study, TRAININGS["lidia"]), case.truth, *models))
    written = out / f"{ROW}-seed{order.seed}.csv"
    facts = {"row": ROW, "training": ROW, **order.facts(test, num_steps=run.num_steps)}
    write_rows(written, rows, {**facts, "lesions": reader.fingerprint(), "batch": str(run.batch_size)})
    return written


def _run(order: Order) -> Run:
    run = recipe().made_quick() if order.quick else recipe().at_scale("cpu")
    scale = table().made_quick() if order.quick else table()
    return replace(run, seed=order.seed, threads=order.threads, num_steps=order.num_steps or scale.num_steps)


def _row(study: AlignedStudy, truth: Truth, classifier: Classifier, reader: Reader) -> PatientRow:
    (said,) = ask(study, reader, (reader.read.background_logit,))
    seen: Answer = answer(study, said, reader.read, "liver_max")
    shares = classifier.classify(study, seen.lesions)
    scores = {key: shares[key] for key in seen.scores}
    return compare(truth, replace(seen, scores=scores, malignant=sum(scores[key] for key in MALIGNANT)))
