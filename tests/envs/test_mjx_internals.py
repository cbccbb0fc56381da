"""Fields of MJX's implementation are found where MJX has them, or where its public API would have them."""

from types import SimpleNamespace

import mujoco
import pytest
from mujoco import mjx

from divbench.envs.mjx_tuning import internal, without_messages

MODEL = mujoco.MjModel.from_xml_string("<mujoco/>")


def test_a_field_of_the_implementation_comes_before_that_of_the_data():
    data = SimpleNamespace(_impl=SimpleNamespace(efc_J="of the implementation"), qpos="public", efc_J="deprecated")
    assert (internal(data, "efc_J"), internal(data, "qpos")) == ("of the implementation", "public")
    found = mjx.make_data(MODEL)
    assert internal(found, "efc_J") is found._impl.efc_J and internal(found, "qpos") is found.qpos


def test_without_an_implementation_the_public_field_is_read():
    assert internal(SimpleNamespace(efc_J="public"), "efc_J") == "public"
    with pytest.raises(AttributeError):
        internal(SimpleNamespace(), "efc_J")


def test_a_model_without_messages_stays_as_it_is():
    model = mjx.put_model(MODEL)
    assert without_messages(model) is model
