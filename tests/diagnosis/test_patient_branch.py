import torch

from hepaphase.diagnosis.patient_branch import consistency, patient_entropy, patient_targets


def test_targets_are_soft_below_the_full_size_and_add_up_lesions_of_one_class() -> None:
    labels = torch.zeros(2, 2, 4, 4, dtype=torch.long)
    labels[0, 0, 0, :3] = 1
    labels[0, 1, :, :] = 2  # 16 voxels
    labels[0, 0, 3, :1] = 3
    target = patient_targets(
        labels, (torch.tensor([2, 0, 2]), torch.zeros(0, dtype=torch.long)), num_classes=3, full_voxels=8
    )
    torch.testing.assert_close(target, torch.tensor([[1.0, 0.0, 0.5], [0.0, 0.0, 0.0]]))


def test_entropy_is_least_at_the_soft_target() -> None:
    target = torch.tensor([[0.25, 1.0]])
    best = torch.tensor([[0.25, 1 - 1e-6]]).logit()
    assert float(patient_entropy(best, target)) < min(
        float(patient_entropy(best + d, target)) for d in (torch.tensor([[0.3, 0]]), torch.tensor([[-0.3, 0]]))
    )


def test_consistency_holds_the_patient_against_the_best_query() -> None:
    share = torch.tensor([[[0.7, 0.1, 0.2], [0.2, 0.3, 0.5]]])
    patient = torch.tensor([[0.5, 0.5]])
    expected = ((0.5 - 0.7) ** 2 + (0.5 - 0.3) ** 2) / 2
    torch.testing.assert_close(consistency(patient.logit(), share.log()), torch.tensor(expected))
