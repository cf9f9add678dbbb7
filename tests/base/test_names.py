"""Wrong names are met with the right one."""

import pytest

from hepaphase.base.errors import UnknownNameError
from hepaphase.base.extras import need
from hepaphase.base.names import check_name


def test_a_near_miss_is_suggested() -> None:
    with pytest.raises(UnknownNameError, match=r"No generator is called 'kinetics'\. Did you mean 'kinetic'\?"):
        check_name("kinetics", ["carry", "kinetic"], kind="generator")


def test_a_known_name_passes() -> None:
    assert check_name("carry", ["carry"], kind="generator") == "carry"


def test_a_missing_extra_says_what_to_install() -> None:
    with pytest.raises(Exception, match=r"pip install 'hepaphase\[pacs\]'"):
        need("a_module_nobody_has", extra="pacs")
