from hepaphase.organs.table import CLASSES, class_of_label
from hepaphase.phantom.labels import Organ


def test_every_label_is_a_class_and_only_the_outside_is_background() -> None:
    table = class_of_label()
    names = {organ: CLASSES[table[organ]] for organ in Organ}
    assert [organ for organ, name in names.items() if name == "background"] == [Organ.BACKGROUND]
    assert names[Organ.LIVER] == "liver" and names[Organ.FAT] == "body"


def test_every_class_has_a_label() -> None:
    assert {CLASSES[c] for c in class_of_label()[list(Organ)]} == set(CLASSES)
