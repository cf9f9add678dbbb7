"""Scripts with the options of nnU-Net's commands, which write the files that it would; nnU-Net cannot be had in CI."""

import stat
import sys
from pathlib import Path

COMMANDS = ("extract_fingerprint", "plan_experiment", "preprocess", "train", "predict")

SCRIPT = """#!{python}
import argparse, json, os, pathlib, pickle, sys
import nibabel, numpy as np
command = pathlib.Path(sys.argv[0]).name.removeprefix("nnUNetv2_")
folder = {{k: pathlib.Path(os.environ["nnUNet_" + k]) for k in ("raw", "preprocessed", "results", "extTrainer")}}
assert os.environ["nnUNet_compile"] == "f" and (os.environ["nnUNet_n_proc_DA"] == "0") == (command == "train")
with open("{calls}", "a") as file:
    file.write(" ".join([command, *sys.argv[1:]]) + "\\n")
if pathlib.Path("{calls}.stop-" + command).exists():
    print("loading"); print("no memory left", file=sys.stderr); sys.exit(1)
given = argparse.ArgumentParser()
if command == "train":
    for name in ("dataset", "configuration", "fold"):
        given.add_argument(name)
    given.add_argument("--c", action="store_true")
    given.add_argument("-device", choices=["cpu"])
if command == "predict":
    for name in ("-i", "-o", "-f", "-npp", "-nps"):
        given.add_argument(name)
    for name in ("--save_probabilities", "--disable_tta", "--continue_prediction"):
        given.add_argument(name, action="store_true")
    given.add_argument("-device", choices=["cpu"])
for name in ("-d", "-np", "-plans_name", "-c", "-tr", "-p"):
    given.add_argument(name)
given = given.parse_args()
raw = next(folder["raw"].glob("Dataset001_*"))
made = folder["preprocessed"] / raw.name
facts = json.loads((raw / "dataset.json").read_text())
labels = sorted((raw / "labelsTr").glob("*" + facts["file_ending"]))
if command == "extract_fingerprint":
    assert len(labels) == facts["numTraining"]
    for path in labels:
        seen = np.unique(np.asarray(nibabel.load(path).dataobj))
        assert set(seen.tolist()) <= set(facts["labels"].values())
        for k in facts["channel_names"]:
            name = path.name.replace(facts["file_ending"], "_%04d" % int(k) + facts["file_ending"])
            assert nibabel.load(raw / "imagesTr" / name).shape == nibabel.load(path).shape
    made.mkdir(parents=True, exist_ok=True)
    (made / "dataset_fingerprint.json").write_text("{{}}")
if command == "plan_experiment":
    assert (made / "dataset_fingerprint.json").exists()
    arch = {{"network_class_name": "PlainConvUNet", "arch_kwargs": {{"n_stages": 9, "conv_bias": True}}}}
    full = {{"spacing": [1.0] * 3, "patch_size": [9] * 3, "batch_size": 7, "architecture": arch, "batch_dice": False}}
    plan = {{"plans_name": "nnUNetPlans", "configurations": {{"2d": {{}}, "3d_fullres": full}}}}
    (made / "nnUNetPlans.json").write_text(json.dumps(plan))
if command == "preprocess":
    (made / json.loads((made / (given.plans_name + ".json")).read_text())["plans_name"]).mkdir(exist_ok=True)
if command == "train":
    assert (made / given.p).is_dir() and (folder["extTrainer"] / (given.tr + ".py")).exists()
    end = folder["results"] / raw.name / "__".join([given.tr, given.p, given.configuration]) / ("fold_" + given.fold)
    end.mkdir(parents=True, exist_ok=True)
    (end / "hepaphase.json").write_text(json.dumps({{"nnunetv2": "0.0", "torch": "0", "weights": 3}}))
if command == "predict":
    out = pathlib.Path(given.o); out.mkdir(parents=True, exist_ok=True)
    for path in sorted(pathlib.Path(given.i).glob("*_0000.nii.gz")):
        target = out / path.name.replace("_0000.nii.gz", ".npz")
        if target.exists() and given.continue_prediction:
            continue
        hu = np.asarray(nibabel.load(path).dataobj).T
        said = np.zeros((len(facts["labels"]), *hu.shape), np.float32)
        dark = hu < 30
        said[facts["labels"]["cyst"]] = np.where(dark, 0.8, 0.1)
        said[0] = 1 - said.sum(0)
        np.savez_compressed(target, probabilities=said)
"""


def install(folder: Path) -> Path:
    """Put the commands into ``folder``; what they are called with is noted in ``folder/calls``."""
    folder.mkdir(parents=True, exist_ok=True)
    for command in COMMANDS:
        path = folder / f"nnUNetv2_{command}"
        path.write_text(SCRIPT.format(python=sys.executable, calls=folder / "calls"), encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return folder


def calls(folder: Path) -> list[str]:
    """What has been called, in order, by the first word of each command."""
    return [line.split()[0] for line in (folder / "calls").read_text(encoding="utf-8").splitlines()]
