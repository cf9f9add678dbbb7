"""``hepaphase classify``: the class of a patient by GALS-CE's classifier."""

from pathlib import Path

import click

from ._options import OUT, SOURCE, models_options, parse_phases, parse_sources


@click.command()
@click.argument("case", type=SOURCE)
@click.argument("out", type=OUT)
@click.option("--phases", help="What the input is, when CASE is one volume or DICOM; as for read.")
@click.option("--complete", default="none", show_default=True, help="Missing phases to generate first: AP,DP or all.")
@models_options
def command(case: Path, out: Path, phases: str | None, complete: str, bundles: tuple[Path, ...], device: str) -> None:
    """Classify the patient of CASE with a trained classifier (--bundle, of `train galsce` or `galsce_8`).

    Masks of liver and lesions beside CASE are used; where there is none our models find them. Writes
    classification.json to OUT, each phase marked as scanned or generated. Research use only.
    """
    from ..inference.classify import classify, load_classifier, write_classification
    from ..inference.models import Models, check_device
    from ..inference.options import ReadOptions
    from ..inference.write import check_output
    from ..io.source import read_source

    check_output(out)
    options = ReadOptions(complete=parse_phases(complete), device=check_device(device))
    classifier, others = load_classifier(bundles)
    said = classify(read_source(case, phases=parse_sources(phases)), classifier, Models.load(others), options)
    click.echo(str(write_classification(said, out)))
    shares = sorted(said.probabilities.items(), key=lambda item: -item[1])
    click.echo(", ".join(f"{key} {share:.2f}" for key, share in shares) or said.abstained)
    click.echo("Research use only.")
