"""The declarations of mechanisms, and what follows from them."""

import pytest

from divbench.spec import mechanisms
from divbench.spec.built_in import BUILT_IN
from divbench.spec.errors import UsageError
from divbench.spec.mechanisms import MECHANISMS, SELECTABLE
from divbench.spec.plan import make_groups
from divbench.spec.run_spec import RunSpec


@pytest.mark.parametrize("name", MECHANISMS)
def test_each_mechanism_alone_is_a_variant_with_its_summary_and_paper(name):
    (variant,) = [v for v in BUILT_IN.values() if v.mechanisms == {name} and v.reset is None and not v.hooks
                  and "critics" not in dict(v.settings)]
    assert variant.summary == MECHANISMS[name].summary and variant.citation == MECHANISMS[name].citation
    assert variant.name in (name.replace("_", "-"), "ofn")


def test_lists_of_today():
    assert {"layernorm", "feature_layernorm", "unit_ball", "actor_layernorm"} <= set(SELECTABLE)
    assert set(mechanisms.UNDERSTOOD) == {*SELECTABLE, "dropout"} - {"actor_layernorm"}
    assert {"groupnorm", "batchnorm", "spectral_norm", "dropout"} <= set(mechanisms.MLP_ALONE)
    assert "unit_ball" not in mechanisms.MLP_ALONE and "batchnorm" not in mechanisms.PAIRWISE


@pytest.mark.parametrize("name", [name for name in MECHANISMS if name != "groupnorm"])
def test_a_selectable_mechanism_shares_the_program_of_plain_lanes_on_an_accelerator(name):
    variant = name.replace("_", "-") if name != "unit_ball" else "ofn"
    spec = RunSpec(suite="smoke", tasks="cheetah-run", variants=("baseline", variant))
    assert len(make_groups(spec, fused=True)) == (1 if name in SELECTABLE else 2)
    assert len(make_groups(spec, fused=False)) == 2


@pytest.mark.parametrize("name", MECHANISMS)
def test_preqn_goes_with_mechanisms_of_one_pair_alone(name):
    variant = "ofn" if name == "unit_ball" else name.replace("_", "-")
    if MECHANISMS[name].pairwise:
        assert RunSpec(suite="smoke", variants=(f"preqn+{variant}",))
    else:
        with pytest.raises(UsageError, match=f"preqn does not go together with '{name}'"):
            RunSpec(suite="smoke", variants=(f"preqn+{variant}",))
