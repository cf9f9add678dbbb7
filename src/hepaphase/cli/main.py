"""The ``hepaphase`` command: finds the sub-command, imports only its file, turns our errors into one line."""

import errno
import importlib
import os
import sys

import click

from .. import __version__
from ..base.errors import HepaphaseError

COMMANDS = {
    "demo": "Read a study that ships with the package; needs nothing else.",
    "read": "The main job: a study in, findings and a report out.",
    "batch": "Many studies, one process each; one that fails stops no other.",
    "serve": "The viewer and the DICOM node: readings in a browser, studies in, SEG and SR back.",
    "report": "A finished reading in another form: HTML, PDF, JSON, SR, SEG.",
    "intake": "What a source holds: passes, phases, geometry, doubts; and the same as case folders.",
    "simulate": "Make a cohort with known truth.",
    "doctor": "Examine a cohort: what is wrong, what is there twice, what is known about the set.",
    "export": "Take a cohort elsewhere: nnU-Net raw dataset and MONAI data list.",
    "prepare": "Put a cohort on the grid that models work on.",
    "enrich": "Small classes of a training cohort, filled by the lesion lab and marked.",
    "fill": "Missing phases of a training cohort, made by a generator and marked.",
    "label-maps": "Write label maps of bodies, which organ masks are trained on.",
    "train": "Train a model by a recipe; without one, list the recipes.",
    "synthesize": "Stage I alone: generate one phase, at any time.",
    "iodine": "Iodine and virtual non-contrast of a phase with contrast agent.",
    "check-physics": "Whether contrast agent could have made these phases: twelve measures.",
    "diagnose": "Stage II alone: find and name lesions.",
    "classify": "The class of a patient by GALS-CE's classifier, trained by yourself.",
    "lesion": "The lesion lab: a lesion put into all phases, taken out, moved or made another.",
    "evaluate": "Readings against the truth, with confidence intervals.",
    "benchmark": "One-command comparisons on a cohort with truth.",
}
"""Sub-command to its one-line help, in the order a user meets them; the module and its command have the same name."""


_ADVICE = {
    **dict.fromkeys((errno.ENOENT, errno.ESTALE), "Look at the path, and whether something moved or removed it."),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "Make room, or give another place."),
    **dict.fromkeys((errno.EACCES, errno.EPERM), "Ask for the right to it, or give another place."),
    errno.EROFS: "It can only be read there: give another place to write to.",
    errno.EEXIST: "Give another place, or move it away.",
    **dict.fromkeys((errno.ENOTDIR, errno.EISDIR), "Look at the path: a file and a folder are not the same."),
    errno.ENOTEMPTY: "Something else writes there; give a folder of its own.",
    **dict.fromkeys((errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ), "Give a shorter or plainer name."),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "Too many files are open at once: close programs, or allow more."),
    errno.EIO: "The disk or the network did not answer as it should: look at it before trying again.",
    errno.ENOMEM: "Free memory, or give less at once.",
    errno.EBUSY: "Another program holds it: close that, and try again.",
    **dict.fromkeys((errno.ECONNREFUSED, errno.ETIMEDOUT, errno.EHOSTUNREACH), "Look at the address and the network."),
    errno.EADDRINUSE: "Another program listens there: give another port.",
}
"""What to do about what the system refused."""


class _LazyGroup(click.Group):
    """Knows its commands by name and imports one only when it runs, so that help needs nothing else."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"hepaphase.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hepaphase")
def group() -> None:
    """Multi-phase liver CT: complete the missing phases, find and name the lesions, report.

    Research use only; not a medical device.
    """


def _one_line(error: click.ClickException) -> str:
    text = " ".join(error.format_message().split())
    context = error.ctx if isinstance(error, click.UsageError) else None
    return text if context is None else f"{text} See: {context.command_path} --help"


def _system(error: OSError) -> str:
    """What the system refused, of which file, and what to do about it."""
    what = "" if error.filename is None else f"'{error.filename}': "
    said = (error.strerror or os.strerror(error.errno or 0)).rstrip(".")
    return f"{what}{said}. {_ADVICE.get(error.errno or 0, 'Look at that file and the disk it is on, and try again.')}"


def _is_out_of_memory(error: Exception) -> bool:
    """Of Python, or of torch: which is not imported here to ask."""
    told = type(error).__name__ == "OutOfMemoryError" or "allocate memory" in str(error)
    return isinstance(error, MemoryError) or told


def main() -> None:
    """Run the command; bad input is one line on standard error and exit code 2, never a traceback."""
    try:
        code = group.main(prog_name="hepaphase", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except HepaphaseError as error:
        click.echo(f"hepaphase: {error}", err=True)
        sys.exit(2)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        click.echo(f"hepaphase: {_one_line(error)}", err=True)
        sys.exit(2)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        click.echo("hepaphase: There is not enough memory for this. Free some, or give less at once.", err=True)
        sys.exit(2)
    except OSError as error:
        if error.errno is None:  # not of the system but of a library's own making: a mistake of ours
            raise
        click.echo(f"hepaphase: {_system(error)}", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("hepaphase: stopped.", err=True)
        sys.exit(130)
