"""Kills a training run at random moments and resumes it: started by ``test_kill.py`` in an interpreter of its own.

Each attempt is a real process, forked so that torch is imported once, and ended by SIGKILL. Prints, as JSON, the
steps at which the attempts found themselves on resuming.
"""

import json
import os
import random
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch

from hepaphase.recipes.smoke import recipe
from hepaphase.training.cohort import open_cohort, split
from hepaphase.training.loop import Options, fit

NUM_KILLS = 20
RUN = replace(recipe(), num_steps=300, batch_size=1, validate_every=10, checkpoint_steps=1, log_every=1, threads=1)


def train(cohort: Path, out: Path) -> None:
    data = split(open_cohort(cohort))
    fit(RUN, data, out, options=Options(resume=True, quiet=True, tensorboard=False))


def start(cohort: Path, out: Path) -> int:
    child = os.fork()
    if child == 0:
        train(cohort, out)
        os._exit(0)
    return child


def is_over(child: int, seconds: float) -> bool:
    """Wait at most ``seconds`` for the end of ``child``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0, "the run itself failed"
            return True
        time.sleep(0.001)
    return False


def newest_step(out: Path) -> int:
    return max((int(p.stem.removeprefix("step-")) for p in out.glob("checkpoints/step-*.ckpt")), default=0)


def main(cohort: Path, folder: Path) -> None:
    torch.set_num_threads(1)
    torch.optim.AdamW([torch.zeros(1, requires_grad=True)])  # its first use imports for a second; once is enough
    begin = time.monotonic()
    assert is_over(start(cohort, folder / "whole"), 300)
    whole_s = time.monotonic() - begin
    rng, found, kills, number = random.Random(7), [], 0, 0
    while kills < NUM_KILLS:
        out = folder / f"killed-{number}"
        child = start(cohort, out)
        if is_over(child, rng.uniform(0, 1.4 * whole_s / NUM_KILLS)):
            number += 1  # it reached the end between two kills: go on with another
            continue
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        kills += 1
        found.append(newest_step(out))
    for path in sorted(folder.glob("killed-*")):
        train(cohort, path)
    sys.stdout.write(json.dumps({"steps": found, "whole_s": whole_s}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
