"""``hepaphase benchmark`` on where metastases come from, and on GALS-CE's classifier, whose task that is."""

from pathlib import Path
from typing import Any

import click

from ..base.errors import InputError
from ._options import FILE, FOLDER, OUT, models_options
from ._unseen import refuse_trained


@click.command("origins")
@click.argument("train", type=FOLDER)
@click.argument("test", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--cohort", default="", help="Name of the test cohort, written above the table.")
@click.option("--noise-free", is_flag=True, help="Measure what no scanner shows, in both: an upper end.")
@click.option("--reader", type=FILE, help="A reader with a head of origins (train origins), as a column beside.")
@click.option("--validation", type=FOLDER, help="Prepared cases that calibrate the head; with --reader.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
def origins(train: Path, test: Path, out: Path, **wanted: Any) -> None:
    """Tell where metastases come from, in prepared crops that name origins (sim-*): learn from TRAIN, asked on TEST.

    Small networks on what is measured of metastases in their true outlines, on known facts, and on both; beside how
    common origins are. TEST is taken as it lies, so line it up first (prepare). Writes table.md (top-1, top-2,
    calibration) to OUT, and with --reader that reader as reader.hepa, its card saying how its head is calibrated and
    how often it is right: read asks the head of such a bundle alone.
    """
    from ..base.atomic import write_text
    from ..benchmark.origins import compare, patients_of
    from ..evaluation.bootstrap import Bootstrap
    from ..evaluation.table import markdown

    if (wanted["reader"] is None) != (wanted["validation"] is None):
        raise InputError("--reader and --validation go together: the head is calibrated on other patients.")
    learned = patients_of(train, shown="noise-free" if wanted["noise_free"] else "lined up")
    asked = patients_of(test, shown="noise-free" if wanted["noise_free"] else "as they lie")
    others, said = _head(test, out, wanted)
    text = markdown(compare(learned, asked, Bootstrap(num_resamples=wanted["resamples"]), others=others))
    told = ", told noise-free values" if wanted["noise_free"] else ""
    text = f"{wanted['cohort'] or test.name}; trained on {len(learned)} patients{told}{said}\n\n{text}"
    write_text(out / "table.md", text)
    click.echo(text)


@click.command("origin-prior")
@click.argument("cohort")
@click.argument("out", type=OUT)
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
def origin_prior(cohort: str, out: Path, resamples: int) -> None:
    """How often the origin that read names without a picture is right in patients of COHORT, such as sim-1k-test.

    Patients are drawn from their seeds and none is scanned: how common primaries are, and with it CEA, is all that is
    asked. Writes origins.json (what a report cites) and table.md to OUT.
    """
    from ..benchmark.origin_prior import run, write
    from ..evaluation.bootstrap import Bootstrap

    click.echo(write(run(cohort), cohort, out, Bootstrap(num_resamples=resamples)))


def _head(test: Path, out: Path, wanted: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The column of a reader's head and what is said of it; nothing where none is asked."""
    if wanted["reader"] is None:
        return {}, ""
    from ..benchmark.origin_head import calibrated, head_shares
    from ..bundle.bundle import Bundle
    from ..diagnosis.diagnose import Reader

    refuse_trained(test, (wanted["reader"],))
    bundle = Bundle.load(wanted["reader"], kind="diagnosis")
    head = head_shares(Reader.from_bundle(bundle), wanted["validation"], test)
    calibrated(bundle, head, wanted["cohort"] or test.name).save(out / "reader.hepa")
    said = f"; head at a temperature of {head.temperature:.2f}, fitted on {head.num_validation} validation patients"
    return {"the reader's head": head.shares}, said


@click.command("classes")
@click.argument("prepared", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--masks", type=click.Choice(["true", "found"]), default="true", show_default=True, help="Of lesions.")
@click.option("--cohort", default="", help="Name of the cohort, written beside every figure.")
@click.option("--cases", default=0, show_default=True, help="Only the first so many cases; 0 for all.")
@click.option(
    "--rows", type=FOLDER, help="Answers written earlier (an OUT): makes the tables anew and classifies none."
)
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
@models_options
def classes(prepared: Path, out: Path, bundles: tuple[Path, ...], device: str, **wanted: Any) -> None:
    """Hold a trained GALS-CE classifier (--bundle) against PREPARED: from NC, with generated phases, and from all.

    Writes one CSV of patients per setting and table.md to OUT. Only patients of the classifier's own task are asked;
    those with metastases are asked for the origin alone as well.
    """
    from ..base.atomic import write_text
    from ..benchmark.classes import read_answers, table, write_answers
    from ..evaluation.bootstrap import Bootstrap

    cohort = wanted["cohort"] or prepared.resolve().name
    if wanted["rows"] is not None:
        found, names = read_answers(wanted["rows"])
    else:
        found, names = _classified(prepared, bundles, device, wanted)
        for name, own in found.items():
            write_answers(out / f"{name}.csv", own, names, {"cohort": cohort, "masks": wanted["masks"]})
    text = f"{cohort}, {wanted['masks']} masks of lesions\n\n" + table(
        found, names, Bootstrap(num_resamples=wanted["resamples"])
    )
    write_text(out / "table.md", text)
    click.echo(text)


def _classified(prepared: Path, bundles: tuple[Path, ...], device: str, wanted: dict[str, Any]) -> tuple[Any, Any]:
    """Answers of the classifier by setting, and the names of what it tells apart."""
    from ..benchmark.classes import Models as Asked
    from ..benchmark.classes import answers
    from ..diagnosis.diagnose import Reader
    from ..inference.classify import load_classifier
    from ..inference.models import Models
    from ..synthesis.load import generator_of

    classifier, others = load_classifier(bundles)
    refuse_trained(prepared, bundles)
    models = Models.load(others)
    asked = Asked(
        classifier=classifier,
        generator=generator_of(models.synthesis, device=device),
        reader=Reader.from_bundle(models.diagnosis, device=device),
        masks=wanted["masks"],
    )
    return answers(prepared, asked, at_most=wanted["cases"]), classifier.names


COMMANDS = (origins, origin_prior, classes)
