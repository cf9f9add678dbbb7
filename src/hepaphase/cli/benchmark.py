"""``hepaphase benchmark``: one-command comparisons."""

from pathlib import Path
from typing import Any

import click

from . import _findings, _lidia, _origins
from ._diagnosis import diagnosis
from ._options import FOLDER, OUT, models_options, parse_phases
from ._speed import speed
from ._unseen import refuse_trained


@click.group()
def command() -> None:
    """Compare on a cohort with truth, with confidence intervals by patient."""


for _more in (*_lidia.COMMANDS, *_findings.COMMANDS, *_origins.COMMANDS, diagnosis, speed):
    command.add_command(_more)


@command.command()
@click.argument("validation", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--test", "tests", type=FOLDER, multiple=True, help="Rows of other patients, for figures; repeatable.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
@models_options
def operating(
    validation: Path, out: Path, tests: tuple[Path, ...], resamples: int, bundles: tuple[Path, ...], device: str
) -> None:
    """Thresholds of screening and prediction sets, from VALIDATION: OUT of benchmark diagnosis on patients held out.

    Writes operating.json (what read decides by, for this reader alone) and table.md to OUT. Nothing is read again.
    """
    from ..benchmark.operating import make, write
    from ..evaluation.bootstrap import Bootstrap
    from ..inference.models import Models, check_device

    check_device(device)
    reader = Models.load(bundles).diagnosis
    click.echo(write(make(validation, tests, reader, Bootstrap(num_resamples=resamples)), out))


@command.command()
@click.argument("prepared", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--cohort", default="", help="Name of the cohort, written beside every figure.")
@click.option("--cases", default=0, help="Only the first so many cases; 0 for all.", show_default=True)
@click.option("--generators", default="kinetic,carry", show_default=True, help="Names, with commas; all for every one.")
@click.option("--inputs", help="Only from these phases, such as NC or NC,PVP; default every subset.")
@click.option("--physics", default=0, show_default=True, help="Cases whose completed phases get a physics card.")
@click.option("--scales", type=click.Path(path_type=Path, dir_okay=False), help="scales.json of other patients.")
@click.option("--pictures", is_flag=True, help="Best, median and worst patient of each generator, as PNG.")
@click.option(
    "--untold", is_flag=True, help="Keep patient, injection and tube from the generators: voxels and times only."
)
@click.option("--workers", default=1, show_default=True, help="Processes side by side; the figures do not change.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
@models_options
def synthesis(
    prepared: Path, out: Path, cohort: str, resamples: int, bundles: tuple[Path, ...], device: str, **chosen: Any
) -> None:
    """Complete PREPARED (simulated, as simulate writes crops) from every subset of phases.

    Compares generators against the noise-free truth and the scan itself; those that need weights take a --bundle each.
    Writes rows.csv, statistics.csv, scales.json, table.md and pairs.md (a line per pair of inputs and target) to OUT,
    pictures of the first subset to OUT/pictures. Rows are kept in OUT/kept as they are made, so the same command goes
    on where it was stopped; empty it when rules change.
    """
    from .. import __version__
    from ..base.atomic import write_text
    from ..benchmark.ceiling.beside import beside_errors
    from ..benchmark.synthesis import SUBSETS, SynthesisOptions, costs, read_scales, run, write
    from ..benchmark.synthesis_kept import Keep
    from ..benchmark.synthesis_pairs import pairs_text
    from ..benchmark.synthesis_pictures import draw_pictures
    from ..bundle.bundle import Bundle
    from ..evaluation.bootstrap import Bootstrap
    from ..inference.models import check_device
    from ..synthesis import GENERATORS
    from ..synthesis.load import load_generator, own_bundle

    where = check_device(device)
    refuse_trained(prepared, bundles)
    given = [Bundle.load(path, kind="synthesis") for path in bundles]
    names = GENERATORS.names() if chosen["generators"] == "all" else chosen["generators"].split(",")
    generators = {name.strip(): load_generator(name.strip(), given, device=where) for name in names}
    subset = parse_phases(chosen["inputs"])
    options = SynthesisOptions(
        subsets=SUBSETS if subset is None else (subset,),
        at_most=chosen["cases"],
        physics=chosen["physics"],
        stretches=read_scales(chosen["scales"]) if chosen["scales"] else {},
        pictures=chosen["pictures"],
        told=not chosen["untold"],
    )
    made_with = {n: " ".join((__version__, prepared.name, own_bundle(n, given).fingerprint())) for n in generators}
    keep = Keep(folder=out / "kept", made_with=made_with)
    rows = run(prepared, generators, options, workers=chosen["workers"], keep=keep)
    draw_pictures(rows, out / "pictures")
    name, config = cohort or prepared.name, Bootstrap(num_resamples=resamples)
    table = beside_errors(write(rows, out, {"cohort": name}, config), name) + f"\n{costs(rows, generators)}"
    write_text(out / "table.md", table)
    write_text(out / "pairs.md", pairs_text(rows, name, config))
    click.echo(table)


@command.command()
@click.argument("out", type=OUT)
@click.option("--cohort", default="main-test", show_default=True, help="Cohort whose patients are simulated.")
@click.option("--cases", default=50, show_default=True, help="The first so many patients.")
@click.option("--generators", default="kinetic,carry", show_default=True, help="Names, with commas.")
@click.option("--inputs", default="NC", show_default=True, help="Phases shown, with commas.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
@models_options
def times(
    out: Path, cohort: str, cases: int, resamples: int, bundles: tuple[Path, ...], device: str, **chosen: str
) -> None:
    """Ask generators for simulated patients at twelve times from 15 to 300 s, curve by curve.

    Writes rows.csv (the curves) and table.md (errors by time against the noise-free truth) to OUT.
    """
    from ..benchmark.times import run, write
    from ..bundle.bundle import Bundle
    from ..evaluation.bootstrap import Bootstrap
    from ..inference.models import check_device
    from ..phantom.cohorts import named_cohort
    from ..synthesis.load import load_generator

    where, named = check_device(device), named_cohort(cohort)
    given = [Bundle.load(path, kind="synthesis") for path in bundles]
    names = [name.strip() for name in chosen["generators"].split(",")]
    generators = {name: load_generator(name, given, device=where) for name in names}
    seeds = (named.seeds() if named.num_cases else named.seeds(cases))[:cases]
    subset = parse_phases(chosen["inputs"]) or ()
    rows = run(seeds, generators, inputs=subset, population=named.population)
    facts = {"cohort": cohort, "inputs": ", ".join(subset)}
    click.echo(write(rows, out, facts, Bootstrap(num_resamples=resamples)))


@command.command()
@click.argument("rows", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("baseline", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--margin", default=0.02, show_default=True, help="Largest difference in AUC that does not matter.")
@click.option("--common", is_flag=True, help="Only patients that are in both; says how many are left out.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
def equivalence(rows: Path, baseline: Path, margin: float, common: bool, resamples: int) -> None:
    """Whether the reading in ROWS is as good as that in BASELINE: two patient tables of the same patients.

    Paired bootstrap, and two one-sided tests on AUC-8, AUC-2 and malignant AUC.
    """
    from ..evaluation.bootstrap import Bootstrap
    from ..evaluation.equivalence import in_both, table, verdicts
    from ..evaluation.rows import read_rows

    read, other = read_rows(rows), read_rows(baseline)
    if common:
        shared = in_both(read, other)
        click.echo(f"{len(shared[0])} patients are in both; {len(read)} are in {rows}, {len(other)} in {baseline}.\n")
        read, other = shared
    click.echo(table(verdicts(read, other, margin=margin, config=Bootstrap(num_resamples=resamples))))


@command.command()
@click.argument("out", type=OUT)
@click.option("--lesions", default=100, show_default=True, help="Simulated lesions of 20 mm or more of each kind.")
@click.option("--seed", default=0, show_default=True, help="First patient drawn.")
@click.option("--patients", default=300, show_default=True, help="Patients of each class, for sizes and counts.")
@click.option("--data", type=FOLDER, help="Real scans (those of sim-real), for texture and pictures.")
def simulator(out: Path, lesions: int, seed: int, patients: int, data: Path | None) -> None:
    """Measure how real simulated patients are.

    Lesions at the reference exam against the published and estimated HU of each class; enhancement curves; noise power
    spectra; sizes and counts of lesions; texture of livers beside real ones. Writes CSV, tables and plots to OUT.
    """
    from ..base.atomic import write_text
    from ..benchmark.realism.run import Report, write_report
    from ..benchmark.simulator import compare, table, write

    rows = compare(lesions, seed=seed)
    write(rows, out)
    text = table(rows)
    write_text(out / "table.md", text)
    click.echo(text)
    click.echo(write_report(out, Report(patients=patients, seed=seed, data=data)))


@command.command()
@click.argument("out", type=OUT)
@click.option("--cohort", default="sim-1k-test", show_default=True, help="Cohort whose patients are simulated.")
@click.option("--cases", default=100, show_default=True, help="The first so many patients.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
@models_options
def phases(out: Path, cohort: str, cases: int, resamples: int, bundles: tuple[Path, ...], device: str) -> None:
    """Recognize the phases of simulated patients from measured HU, together and one by one.

    Writes rows.csv and table.md (accuracy, calibration, errors in seconds, confusion) to OUT.
    """
    from ..base.atomic import write_text
    from ..benchmark.phases import run, write
    from ..evaluation.bootstrap import Bootstrap
    from ..inference.models import Models, check_device
    from ..phantom.cohorts import named_cohort

    where, chosen = check_device(device), named_cohort(cohort)
    seeds = (chosen.seeds() if chosen.num_cases else chosen.seeds(cases))[:cases]
    rows = run(seeds, Models.load(bundles).organs, population=chosen.population, device=where)
    table = write(rows, out, {"cohort": cohort}, Bootstrap(num_resamples=resamples))
    write_text(out / "table.md", table)
    click.echo(table)


@command.command()
@click.argument("out", type=OUT)
@click.option("--cohort", default="sim-1k-test", show_default=True, help="Cohort whose patients are simulated.")
@click.option("--cases", default=40, show_default=True, help="So many of its patients, evenly spaced.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
@models_options
def chain(out: Path, cohort: str, cases: int, resamples: int, bundles: tuple[Path, ...], device: str) -> None:
    """Read simulated patients as read does: no mask given, phases as they were breathed, from PVP alone and from all.

    What diagnosis leaves out, which is given true livers and phases that lie right. Writes one CSV of patients and one
    of lesions per setting and table.md to OUT.
    """
    from ..base.atomic import write_text
    from ..benchmark.chain import run, spread, write
    from ..evaluation.bootstrap import Bootstrap
    from ..inference.models import Models, check_device
    from ..phantom.cohorts import named_cohort

    where, chosen, models = check_device(device), named_cohort(cohort), Models.load(bundles)
    seeds = spread(chosen.seeds() if chosen.num_cases else chosen.seeds(cases), cases)
    found = run(seeds, models, population=chosen.population, device=where)
    facts = {"cohort": cohort, "scale": "whole chain", "reader": str(models.diagnosis.card.get("title", ""))}
    table = write(found, out, facts, Bootstrap(num_resamples=resamples))
    write_text(out / "table.md", table)
    click.echo(table)


@command.command()
@click.argument("prepared", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--train", required=True, type=FOLDER, help="Prepared patients that the observers learn from.")
@click.option(
    "--cohort", default="", help="Name of the cohort, written beside every figure; its kind of patients is drawn."
)
@click.option("--draws", default=8000, show_default=True, help="Patients drawn besides, without a body around lesions.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
@click.option("--only-erased", is_flag=True, help="Only the lesions that the best guess erases (erased.csv).")
def ceiling(prepared: Path, out: Path, train: Path, cohort: str, draws: int, resamples: int, only_erased: bool) -> None:
    """Bracket what any reader or generator can reach on PREPARED (simulated, as simulate writes crops).

    Writes ceiling.csv, erased.csv (visible lesions that the best guess does not show) and table.md to OUT, what the
    observers said of each patient to OUT/rows, and what was measured to OUT/cache.
    """
    from ..benchmark.ceiling.draws import WITH_LESION, draws_for
    from ..benchmark.ceiling.run import Ceiling, run
    from ..evaluation.bootstrap import Bootstrap
    from ..phantom.cohorts import COHORTS

    named = COHORTS.get(cohort)
    population = draws_for(named.population) if named else WITH_LESION
    bootstrap = Bootstrap(num_resamples=resamples)
    made = Ceiling(train=train, num_draws=draws, population=population, bootstrap=bootstrap, only_erased=only_erased)
    click.echo(run(prepared, out, made, cohort=cohort))


@command.command("level-one")
@click.argument("out", type=OUT)
@click.option("--draws", default=8000, show_default=True, help="Patients drawn; half of them train the observer.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
def level_one(out: Path, draws: int, resamples: int) -> None:
    """Hold an observer of noisy lesion, liver and vessel means against the table of the physics notes.

    Writes level_one.csv and table.md to OUT, and what was drawn to OUT/cache.
    """
    from ..benchmark.ceiling.level_one import check, write
    from ..benchmark.ceiling.run import drawn
    from ..evaluation.bootstrap import Bootstrap

    click.echo(write(check(drawn(draws, out / "cache" / "draws.npz"), config=Bootstrap(num_resamples=resamples)), out))


@command.command()
@click.argument("out", type=OUT)
@click.option("--cohort", default="main-test", show_default=True, help="Cohort whose patients are simulated.")
@click.option("--cases", default=100, show_default=True, help="The first so many patients.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
@models_options
def registration(out: Path, cohort: str, cases: int, resamples: int, bundles: tuple[Path, ...], device: str) -> None:
    """Move a phase of simulated patients by a known amount, line it up again, and try the judge on what is wrong.

    Writes rows.csv and table.md (target error before and after, overlap, lesions, seconds, refusals) to OUT.
    """
    from ..base.atomic import write_text
    from ..benchmark.registration import run, write
    from ..evaluation.bootstrap import Bootstrap
    from ..inference.models import Models, check_device
    from ..organs.segment import segment_organs
    from ..phantom.cohorts import named_cohort

    where, organs = check_device(device), Models.load(bundles).organs
    chosen = named_cohort(cohort)
    seeds = (chosen.seeds() if chosen.num_cases else chosen.seeds(cases))[:cases]
    rows = run(seeds, lambda volume: segment_organs(volume, organs, names=("liver",), device=where)["liver"])
    table = write(rows, out, {"cohort": cohort}, Bootstrap(num_resamples=resamples))
    write_text(out / "table.md", table)
    click.echo(table)


@command.command()
@click.argument("data", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--lesions", default=100, show_default=True, help="In all scans together.")
@click.option("--per-copy", default=5, show_default=True, help="At most so many in one copy of a scan.")
@click.option("--seed", default=0, show_default=True, help="Of what is drawn.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of copies.")
@models_options
def lab(data: Path, out: Path, resamples: int, bundles: tuple[Path, ...], device: str, **drawn: int) -> None:
    """Put lesions of every class, 5 to 25 mm in radius, into the real scans in DATA (those of sim-real), and read them.

    Writes rows.csv and table.md (sensitivity by size, class and contrast, class accuracy, false finds) to OUT.
    """
    from ..base.atomic import write_text
    from ..benchmark.lesion_lab.plan import plan_lesions
    from ..benchmark.lesion_lab.run import run, write_rows
    from ..benchmark.lesion_lab.scans import scans_of
    from ..benchmark.lesion_lab.table import table
    from ..evaluation.bootstrap import Bootstrap
    from ..inference.models import Models, check_device
    from ..lab.cohort import SOURCES

    where, models = check_device(device), Models.load(bundles)
    plans = plan_lesions(drawn["lesions"], len(SOURCES), seed=drawn["seed"])
    scans = scans_of(data, models.organs, device=where)
    result = run(scans, plans, models, per_copy=drawn["per_copy"], device=where)
    write_rows(out / "rows.csv", result.rows)
    text = table(result, Bootstrap(num_resamples=resamples))
    write_text(out / "table.md", text)
    click.echo(text)


@command.command()
@click.argument("prepared", type=FOLDER)
@click.argument("out", type=OUT)
@click.option("--cohort", default="", help="Name of the cohort, written above the tables.")
@click.option("--cases", default=0, help="Only the first so many cases; 0 for all.", show_default=True)
@click.option(
    "--rows", type=FOLDER, help="OUT of benchmark diagnosis: its scores of patients are weighed, nothing is read."
)
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
@models_options
def facts(
    prepared: Path, out: Path, cohort: str, resamples: int, bundles: tuple[Path, ...], device: str, **chosen: Any
) -> None:
    """What each fact known of a patient adds on PREPARED (with truth), from NC alone and from all phases.

    Writes table.md (AUC-8, AUC-2, malignant AUC, lesion class accuracy; paired differences from no fact) to OUT.
    """
    from ..base.atomic import write_text
    from ..benchmark.facts import run, stored, table
    from ..evaluation.bootstrap import Bootstrap
    from ..inference.models import Models, check_device

    if chosen["rows"] is not None:
        results = stored(prepared, chosen["rows"])
    else:
        where = check_device(device)
        results = run(prepared, Models.load(bundles).diagnosis, at_most=chosen["cases"], device=where)
    text = f"{cohort or prepared.name}\n\n{table(results, Bootstrap(num_resamples=resamples))}"
    write_text(out / "table.md", text)
    click.echo(text)


@command.command("use-row")
@click.argument("training")
@click.argument("prepared", type=FOLDER)
@click.argument("test", type=FOLDER)
@click.argument("out", type=OUT)
@click.option(
    "--filled", type=FOLDER, help="The training cases filled from NC: hepaphase fill PREPARED OUT --given NC."
)
@click.option("--seed", default=0, show_default=True, help="Of weights, order and augmentation.")
@click.option("--quick", is_flag=True, help="The same row in tiny, in seconds.")
@click.option("--cohort", default="", help="Name of the test cohort, written beside every figure.")
@click.option("--threads", default=2, show_default=True, help="Of one training.")
@click.option("--cases", default=0, show_default=True, help="Only the first so many test cases; 0 for all.")
@click.option("--untold", is_flag=True, help="Keep patient, injection and tube of test patients from the generator.")
@models_options
def use_row(training: str, prepared: Path, test: Path, out: Path, filled: Path | None, **options: Any) -> None:
    """Judge generated phases by their use: train a reader on PREPARED and read TEST as it is and completed.

    TRAINING is nc, measured, generated or mixed; the last two also need --filled. Writes a table of patients per way
    of showing them to OUT, and the run to OUT/runs; a run that was stopped goes on.
    """
    from ..benchmark.order import Order
    from ..benchmark.use.drive import drive
    from ..inference.models import Models, check_device
    from ..synthesis.load import generator_of
    from ..training.cohort import open_split

    where, bundle = check_device(options.pop("device")), Models.load(options.pop("bundles")).synthesis
    at_most, told = options.pop("cases"), not options.pop("untold")
    name = str(bundle.config["generator"])
    order = Order(training=training, at_most=at_most, generator=name, told=told, **options)
    generator = generator_of(bundle, device=where)
    for path in drive(order, open_split(prepared), filled, test, out, generator=generator):
        click.echo(f"{path}")


@command.command("use-table")
@click.argument("results", type=FOLDER)
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
def use_table(results: Path, resamples: int) -> None:
    """Make the table of use from the rows in RESULTS: what generated phases are worth, with equivalence tests.

    Writes table.md to RESULTS.
    """
    from ..base.atomic import write_text
    from ..benchmark.use.tables import make_tables
    from ..evaluation.bootstrap import Bootstrap

    text = make_tables(results, Bootstrap(num_resamples=resamples))
    write_text(results / "table.md", text)
    click.echo(text)


@command.command()
@click.argument("protocol")
@click.argument("cohort", type=FOLDER)
@click.argument("readings", type=FOLDER)
@click.option("--out", type=OUT, help="Folder for table.md; only printed when not given.")
@click.option("--part", default="test", show_default=True, help="Of the frozen split: train, validation, test or all.")
@click.option("--resamples", default=1000, show_default=True, help="Bootstrap resamples of patients.")
def public(protocol: str, cohort: Path, readings: Path, out: Path | None, part: str, resamples: int) -> None:
    """Hold READINGS of a public COHORT against its truth by the scores of its PROTOCOL, on a frozen split.

    PROTOCOL is mct_ltdiag, amplifai or trials; READINGS/CASE is what read writes. AMPLIFAI is scored from
    READINGS/lirads.csv (case_id, lirads_score), for the reader gives no LI-RADS categories.
    """
    from ..base.atomic import write_text
    from ..benchmark.public import evaluate_public
    from ..evaluation.bootstrap import Bootstrap
    from ..evaluation.table import markdown

    config = Bootstrap(num_resamples=resamples)
    table = markdown(
        {f"{protocol}, {part}": evaluate_public(cohort, readings, protocol=protocol, part=part, config=config)}
    )
    if out is not None:
        write_text(out / "table.md", table)
    click.echo(table)
