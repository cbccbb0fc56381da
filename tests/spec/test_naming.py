"""What names of variants stand for: records, numbers, resets, several at once, records from outside."""

import sys
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.spec.built_in import BUILT_IN
from divbench.spec.errors import UsageError
from divbench.spec.naming import find_variant
from divbench.spec.settings import SACSettings
from divbench.spec.text import LARGEST_COUNT, format_count
from divbench.spec.variants import Reset, Variant

RESETTING = [name for name, variant in BUILT_IN.items() if variant.reset]


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_name_is_its_record(name):
    assert find_variant(name) is BUILT_IN[name]


@given(st.integers(1, LARGEST_COUNT), st.sampled_from([("", "agent"), ("actor-", "actor"), ("critic-", "critic")]))
def test_a_reset_of_any_interval(interval, kind):
    prefix, scope = kind
    variant = find_variant(f"{prefix}reset-{interval}-updates")
    assert variant.reset == Reset(interval, scope)
    assert variant.name in (f"{prefix}reset-{format_count(interval)}-updates", f"{prefix}reset")
    assert find_variant(variant.name) == variant
    steps = find_variant(f"{prefix}reset-{interval}-steps")
    assert steps.reset == Reset(interval, scope, "env_steps") and find_variant(steps.name) == steps


def test_one_name_for_one_interval():
    names = {find_variant(f"reset-{n}-updates").name for n in ("2560k", "2.56M", "2560000", "2_560_000")}
    assert names == {"reset"}
    assert find_variant("reset-2561k-updates").name == "reset-2561k-updates"


@pytest.mark.parametrize(("name", "settings"), [
    ("weight-decay=0.001", {"weight_decay": 0.001}),
    ("wd=1e-3", {"weight_decay": 0.001}),
    ("dropout=0.1", {"dropout_rate": 0.1}),
    ("groupnorm=4", {"groupnorm_groups": 4}),
    ("layernorm+layernorm_layers=1and3", {"layernorm_layers": "1and3"}),
    ("layernorm+layernorm_affine=False", {"layernorm_affine": False}),
    ("hard-target=1000", {"tau": 1.0, "target_period": 1000}),
    ("sgd=0.03", {"critic_optimizer": "momentum", "critic_b1": 0.0, "critic_lr": 0.03}),
    ("critic_lr=0.003", {"critic_lr": 0.003}),
    ("reward_shift=-1+reward_scale=1e1", {"reward_shift": -1.0, "reward_scale": 10.0}),
    ("initialisation=lecun_normal", {"initialisation": "lecun_normal"}),
    ("sgd-momentum+critic_lr=0.003", {"critic_optimizer": "momentum", "critic_b1": 0.9, "critic_lr": 0.003}),
])
def test_numbers_in_names(name, settings):
    assert dict(find_variant(name).settings) == settings


@pytest.mark.parametrize(("spelled", "name"), [
    ("wd=0.0010", "weight-decay=0.001"),
    ("weight-decay=0.01", "weight-decay"),
    ("groupnorm=8", "groupnorm"),
    ("layernorm_layers=2+layernorm_affine=False+layernorm", "layernorm+layernorm_affine=false+layernorm_layers=2"),
    ("actor-reset+ofn", "ofn-actor-reset"),
    ("actor-reset-50k-updates+ofn", "ofn+actor-reset-50k-updates"),
    ("wd=0.1 + layernorm", "layernorm+weight-decay=0.1"),
    ("baseline+ofn", "ofn"),
    ("reset-0.1M-updates+layernorm", "layernorm+reset-100k-updates"),
    ("critic_lr=3e-3+ofn", "ofn+critic_lr=0.003"),
    ("ofn+reset", "ofn-reset"),
    ("weight_decay=0.01", "weight-decay"),
    ("tau=1", "no-target"),
    ("wd", "weight-decay"),
    ("huber=1e6", "huber=1000000"),
    ("huber=1e22", "huber=1e22"),
    ("batch_size=1k", "batch_size=1000"),
    ("time_limit_bootstraps=False", "time_limit_bootstraps=false"),
    ("reset-0.2M-steps", "reset-200k"),
])
def test_one_spelling_in_tables(spelled, name):
    variant = find_variant(spelled)
    assert variant.name == name
    assert find_variant(name) == variant


@given(st.sampled_from(["critic_lr", "gamma", "weight-decay", "huber", "tau", "sgd"]),
       st.floats(1e-12, 0.999999999999))
def test_a_number_reads_back_as_itself(key, number):
    variant = find_variant(f"{key}={number!r}")
    assert find_variant(variant.name) == variant
    assert number in dict(variant.settings).values() or variant.name in BUILT_IN


@given(st.lists(st.sampled_from([n for n in BUILT_IN if n not in RESETTING]), min_size=1, max_size=4, unique=True))
def test_a_sum_has_all_its_parts_or_says_which_two_contradict(names):
    parts = [BUILT_IN[name] for name in names]
    settings = {}
    contradict = any(settings.setdefault(key, value) != value for part in parts for key, value in part.settings)
    if contradict or {"no-target", "hard-target"} <= set(names):
        with pytest.raises(UsageError, match="' sets .* to |'no-target' has targets from the critics"):
            find_variant("+".join(names))
        return
    variant = find_variant("+".join(names))
    assert dict(variant.settings) == settings
    assert variant.mechanisms == frozenset().union(*(part.mechanisms for part in parts))
    assert variant.name in BUILT_IN or all(part.citation in variant.citation for part in parts
                                           if part.name != "baseline")


@pytest.mark.parametrize(("name", "message"), [
    ("ofm", "unknown variant 'ofm'.*did you mean 'ofn'"),
    ("OFN", "unknown variant 'OFN'"),
    ("", "unknown variant ''"),
    ("ofn+", "unknown variant '' in 'ofn\\+'"),
    ("ofn+layernrm", "unknown variant 'layernrm' in 'ofn\\+layernrm'.*did you mean 'layernorm'"),
    ("critik_lr=1", "unknown variant 'critik_lr=1'.*did you mean 'critic_lr'"),
    ("ofn=2", "'ofn' takes no number; those that do: weight-decay"),
    ("wd=much", "variant 'wd=much': expected a finite number, found 'much'"),
    ("dropout=1.5+ofn", None),
    ("huber+huber=2", "'huber' sets huber_delta to 1.0, 'huber=2' to 2.0"),
    ("ofn+ofn", "'ofn' is there twice"),
    ("dropout=0", "0 switches it off"),
    ("hidden=64", "hidden is no part of a name; give --sac hidden=64"),
    ("reset+actor-reset", "expected one reset, found 'reset' and 'actor-reset'"),
    ("reset-0-updates", "expected at least 1"),
    ("reset-x-updates", "variant 'reset-x-updates': expected a whole number"),
    ("reset-1.5-updates", "expected a whole number"),
    ("reset-100k", "unknown variant 'reset-100k'.*did you mean"),
    ("./mine.py", "unknown variant './mine.py'; expected a name in that file too, such as './mine.py:variant'"),
    ("nosuchpackage.mine:variant", "module 'nosuchpackage.mine' cannot be imported"),
])
def test_names_that_mean_nothing(name, message):
    if message is None:  # a name like any other; the number is refused with all of a run's settings
        from divbench.spec.run_spec import RunSpec

        with pytest.raises(UsageError, match="dropout_rate: expected a number from 0 to below 1, found 1.5"):
            RunSpec(suite="smoke", variants=name)
        return
    with pytest.raises(UsageError, match=message):
        find_variant(name)


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A package of somebody else's in the current directory; returns a function that writes a module of it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
        return name

    return write


def test_a_record_from_outside(outside):
    module = outside("outside_one", """
        from divbench.spec.variants import Variant
        mine = Variant("mine", "half the discount", "nobody", settings=(("gamma", 0.5),), losses=("outside_one:extra",))
        ofn = Variant("ofn", "", "")
        reset = Variant("reset-100k-updates", "", "")
        typo = Variant("typo", "", "", losses=("outside_one:exta",))
        number = 3
        def extra(terms):
            return 0.0
    """)
    variant = find_variant(f"{module}:mine")
    assert variant.name == "mine" and variant.losses == ("outside_one:extra",)
    assert [hook for hook, _ in variant.code] == ["outside_one:extra"]
    together = find_variant(f"ofn+{module}:mine")
    assert together.name == "ofn+mine" and together.losses == variant.losses and together.code == variant.code
    with pytest.raises(UsageError, match="variant 'typo': no function 'exta' in module 'outside_one'"):
        find_variant(f"{module}:typo")
    for name, message in (("number", "expected a divbench.spec.variants.Variant in .*outside_one.py, found a int"),
                          ("mien", "found nothing of that name.*did you mean 'mine'"),
                          ("ofn", "expected a name of its own"), ("reset", "which divbench understands")):
        with pytest.raises(UsageError, match=message):
            find_variant(f"{module}:{name}")


def test_a_record_from_a_module_that_fails(outside):
    module = outside("outside_broken", "1 / 0")
    with pytest.raises(UsageError, match=r"\(ZeroDivisionError: division by zero; outside_broken.py, line 1\)"):
        find_variant(f"{module}:mine")
    leaves = outside("outside_leaves", "raise SystemExit(0)")
    with pytest.raises(UsageError, match="cannot be imported .SystemExit"):
        find_variant(f"{leaves}:mine")


def test_the_current_directory_is_looked_in_last_and_only_then(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "only_here.py").write_text('from divbench.spec.variants import Variant\nmine = Variant("m", "", "")')
    before = list(sys.path)
    assert find_variant("only_here:mine").name == "m"
    assert sys.path == before


def test_a_record_that_is_handed_in_has_its_functions_looked_up(outside):
    from divbench.spec.run_spec import RunSpec

    module = outside("outside_handed", "def f(terms):\n    return 0.0")
    spec = RunSpec(suite="smoke", variants=(Variant("own", "", "", losses=(f"{module}:f",)),))
    assert [hook for hook, _ in spec.variants[0].code] == [f"{module}:f"]
    with pytest.raises(UsageError, match="no function 'g' in module 'outside_handed'"):
        RunSpec(suite="smoke", variants=(Variant("own", "", "", losses=(f"{module}:g",)),))


@pytest.mark.parametrize(("name", "message"), [
    ("batchnorm+dr3", "batchnorm does not go together with 'dr3'"),
    ("batchnorm+conservative=0.1", "batchnorm does not go together with 'conservative'"),
    ("layernorm_layers=1", "layernorm_layers means nothing without layernorm; .*'layernorm.layernorm_layers=1'"),
    ("ofn+layernorm_affine=false", "means nothing without layernorm; .*'layernorm.layernorm_affine=false'"),
    ("groupnorm_groups=2", "groupnorm_groups means nothing without groupnorm; expected both, as in 'groupnorm=4'"),
    ("layernorm+layernorm_layers=3", "expected layers from 1 to 2, as many as are hidden, found 3"),
    ("groupnorm=5", "divides the critics' widths 256,256 into groups of 2 units or more, found 5; the nearest is 4"),
    ("no-target+hard-target", "from the critics themselves, 'hard-target' from copies up to 399 updates old"),
    ("no-target+target_period=2", "'target_period=2' from copies up to 1 updates old"),
    ("policy_delay=4", "policy_delay changes nothing: sac has no use for it; expected td3"),
    ("exploration_noise=0.3", "exploration_noise changes nothing: sac has no use for it; expected td3 or preqn"),
    ("td3+target_entropy_scale=1", "target_entropy_scale changes nothing: td3 has no use for it; expected sac"),
    ("td3+conservative", "conservative_weight changes nothing: td3 has no use for it; expected sac"),
    ("preqn+policy_delay=5", "policy_delay changes nothing: preqn has no use for it; expected td3"),
    ("sgd+adam-eps", "critic_eps changes nothing: the critics' optimizer, momentum, has no second moment"),
    ("adam-no-second-moment+adam-low-b2", "critic_b2 changes nothing: .* adam-no-second-moment, has no second moment"),
    ("single-critic+mean-critic", "mean_weight changes nothing: of one critic mean and least are the same"),
    ("groupnorm=256", "groups of 2 units or more, found 256; the nearest is 128"),
])
def test_what_does_not_go_together_or_changes_nothing(name, message):
    from divbench.spec.run_spec import RunSpec

    with pytest.raises(UsageError, match=message) as error:
        RunSpec(suite="smoke", variants=name)
    assert "\n" not in str(error.value)


def test_groups_fit_the_widths_of_the_run():
    from divbench.spec.run_spec import RunSpec

    assert RunSpec(suite="smoke", variants="groupnorm,baseline", sac=SACSettings(hidden=(16, 24))).variants
    for widths, nearest in (((255, 100), "; the nearest is 5$"), ((16, 8), "; the nearest is 4$"), ((1,), "found 8$")):
        with pytest.raises(UsageError, match=f"variant 'groupnorm': .*{nearest}"):
            RunSpec(suite="smoke", variants="groupnorm", sac=SACSettings(hidden=widths))
        assert RunSpec(suite="smoke", variants="baseline", sac=SACSettings(hidden=widths)).variants


@pytest.mark.parametrize("names", ["ofn-reset+layernorm,ofn+reset+layernorm", "weight_decay=0.001,weight-decay=0.001",
                                   "layernorm+critics=1,layernorm+single-critic"])
def test_one_variant_under_two_names_is_refused(names):
    from divbench.spec.run_spec import RunSpec

    with pytest.raises(UsageError, match="--variants: '.*' and '.*' are the same; expected one of them"):
        RunSpec(suite="smoke", variants=names)


@pytest.mark.parametrize("name", ["td3+no-target", "td3+exploration_noise=0", "preqn+search_steps=3", "ddpg+huber",
                                  "rmsprop+critic_eps=1e-5", "sgd-momentum+weight-decay"])
def test_what_is_read_goes_together(name):
    from divbench.spec.run_spec import RunSpec

    assert RunSpec(suite="smoke", variants=name).variants


def test_a_strength_of_0_that_is_not_plain_sac_is_judged_by_its_own_range():
    assert dict(find_variant("adam-low-b2=0").settings) == {"critic_b2": 0.0}
    assert dict(find_variant("td3-bc=0").settings)["q_weight"] == 0.0
    with pytest.raises(UsageError, match="0 switches it off; that is plain SAC"):
        find_variant("weight-decay=0")


def test_a_record_in_a_file_saved_on_windows(tmp_path, monkeypatch):
    """With a byte-order mark and CRLF: read, and its code has the same fingerprint."""
    text = ("from divbench.spec.variants import Variant\nmine = Variant('mine', '', '', losses=('{}:extra',))\n"
            "def extra(terms):\n    return len(\"\"\"a\nb\"\"\")\n")
    (tmp_path / "unix_saved.py").write_bytes(text.format("unix_saved").encode())
    (tmp_path / "windows_saved.py").write_bytes(
        b"\xef\xbb\xbf" + text.format("windows_saved").replace("\n", "\r\n").encode())
    monkeypatch.chdir(tmp_path)
    (one,), (other,) = (find_variant(f"./{name}_saved.py:mine").code for name in ("unix", "windows"))
    assert (one[0], other[0]) == ("unix_saved:extra", "windows_saved:extra") and one[1] == other[1]


def test_a_record_by_its_file(tmp_path, monkeypatch):
    """From another folder; its functions are found as those of its module."""
    (tmp_path / "by_file.py").write_text(textwrap.dedent("""
        from divbench.spec.variants import Variant
        mine = Variant("mine", "", "", losses=("by_file:extra",))
        def extra(terms):
            return 0.0
    """))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "by_file.py").write_text("")
    monkeypatch.chdir(tmp_path / "elsewhere")
    before = list(sys.path)
    assert [hook for hook, _ in find_variant("../by_file.py:mine").code] == ["by_file:extra"]
    assert sys.path == before
    with pytest.raises(UsageError, match="no such file 'nothing.py'; expected a Python file"):
        find_variant("./nothing.py:mine")
    with pytest.raises(UsageError, match="a module 'by_file' is there already, from .*; give the file another name"):
        find_variant("./by_file.py:mine")
    (tmp_path / "elsewhere" / "json.py").write_text("")
    with pytest.raises(UsageError, match="a module 'json' is there already"):
        find_variant("./json.py:mine")
