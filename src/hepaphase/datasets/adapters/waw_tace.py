"""WAW-TACE: hepatocellular carcinoma before embolization, the tumor drawn in one phase."""

from dataclasses import replace

from ...study.phase import Phase
from ...study.study import Study
from ..files import CaseFiles, FileCohort, drawn_in
from ..layout import Layout, MaskRule
from ..tables import Table


class Adapter(FileCohort):
    """``ID/ID_PHASE_scan.nii.gz`` with phases 0 to 3, and one NRRD per tumor in ``tumor_masks_*/ID``.

    Tumors lie on the grid of the phase they were drawn in, which ``lesions_phase`` in the clinical facts names. All
    patients have hepatocellular carcinoma. Masks of organs (``organ_masks``) are not part of the original set.
    """

    source = "waw_tace"
    licence = "CC BY 4.0, to be checked with its Zenodo record"
    layout = Layout(
        scans="{case}/{case}_{phase}_scan.nii.gz",
        words={"0": Phase.NC, "1": Phase.AP, "2": Phase.PVP, "3": Phase.DP},
        masks=(
            MaskRule(
                template="tumor_masks_wawtace_v1_08_05_2024/{case}/{case}_{phase}_{n}_tumor_seg.nrrd",
                parts={"lesions": ()},
            ),
            MaskRule(template="organ_masks/{case}/{case}_{phase}_organs.nii.gz", parts={"liver": (5,)}),
        ),
    )
    table = Table(
        files=("ct_hcc_metadata_v2.csv", "ct_hcc_metadata.csv"), key="patient_id", kind="diagnosis", repeats=True
    )

    def clinical(self, case: str) -> dict[str, object]:
        """The first row of the patient, and the diagnosis all have."""
        return {**super().clinical(case), "diagnosis": "HCC"}

    def checked(self, study: Study, files: CaseFiles) -> Study:
        """The study with the phase its tumors were drawn in; several phases are told apart and the first kept."""
        rule = self.layout.masks[0]
        drawn = {phase for own, _, phase in files.masks if own is rule and phase}
        kept = drawn_in(files, rule)
        if kept is None:
            return study
        facts = {**study.clinical, "lesions_phase": str(kept)}
        said = [f"Tumors are drawn in {', '.join(sorted(drawn))}; those of {kept} are kept."] if len(drawn) > 1 else []
        said += [] if kept in study.phases else [f"The phase the tumor was drawn in ({kept}) is not there."]
        return replace(study, clinical=facts, warnings=(*study.warnings, *said))
