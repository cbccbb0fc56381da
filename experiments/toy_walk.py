"""`divbench reproduce toy-walk`: does Q of DQN grow beyond any bound where nothing is ever paid, and with LayerNorm?

Every lane has a random walk of its own, 63 transitions between points of a lattice in eight directions. Q*, with no
reward anywhere, is 0. A network of one hidden layer of 64 relu units learns Q(s, a) from all of them at each update, by
SGD at 0.02, gamma 0.99, targets the largest of its own values over the eight actions; with LayerNorm before the
activation, and without. Quick: 16 lanes of each, 5,000 updates; full: 40, 10,000. The quick scale takes about two
minutes on two CPU cores, the full one about eight by its number of updates.

The rule, written before any of these lanes was trained. A lane crashes if |Q| exceeds 1e12. Decided are the share of
plain lanes that crash, above one half; the share of those with LayerNorm that do, below one half; and the share of
all these lanes whose end SEEM predicts, above 0.8. SEEM of a lane is the median over its late marks, those in the
second half of its updates, which of a crashed lane lie before the crash; it counts as above 0 from 0.005 on: the
published values of critics that converge read 0.00, to two decimals. The strict sign is reported, but decides nothing.
A single mark would say less: whenever greedy actions change, SEEM jumps.

The published example is one walk and one draw of weights that explodes; its code names another draw that does not.
Published are network, rate and discount. Chosen here: weights of `glorot_uniform` with biases of 0 (there uniform
with variance 1 / (3 I)), the lattice with a border (there none, and noise), and the threshold of SEEM, on six other
lanes, all of which went as claimed. They also showed that with larger weights, `lecun_normal`, five of six lanes with
LayerNorm crash at this rate and none at a tenth of it: so both are reported, but decide nothing.

Source of the example: Yue et al., 2310.04411, and its public code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import TYPE_CHECKING

from divbench.experiments.experiment import Comparison, Measured, MeasuredExperiment, Outcome, conclude
from divbench.statistics.shares import share_test

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE, TRANSITIONS, HIDDEN = 11, 63, (64,)
LANES, UPDATES = {"quick": 16, "full": 40}, {"quick": 5_000, "full": 10_000}
DECIDES = ("glorot_uniform", 2e-2)  # weights, learning rate
TOLD = (("lecun_normal", 2e-2), ("lecun_normal", 2e-3))
EXCITES, AGREES = 0.005, 0.8
NETWORKS = ("plain", "layernorm")
HEADER = ("network", "weights", "learning rate", "lane", "crash", "largest |Q| seen", "|Q| at the last mark",
          "late SEEM")


def measure(scale: str, physics: str, tell: Callable[[str], None]) -> Measured:
    """Train the lanes of every setting, and look at their marks."""
    from divbench.studies.ntk.measuring import card
    from divbench.studies.walk import WalkSetting, measure_walk

    settings = [WalkSetting(network == "layernorm", HIDDEN, *numbers) for numbers in (DECIDES, *TOLD)
                for network in NETWORKS]
    rows = measure_walk(settings, range(LANES[scale]), side=SIDE, transitions=TRANSITIONS, updates=UPDATES[scale],
                        tell=tell)
    return Measured(rows, LANES[scale], card((), physics), HEADER, summary(rows))


def describe(scale: str) -> str:
    return (f"{LANES[scale]} lanes each, plain and with LayerNorm, of {'x'.join(map(str, HIDDEN))} units on "
            f"{TRANSITIONS} transitions of a walk without reward, {UPDATES[scale]:,} updates of SGD; weights and rates "
            + ", ".join(f"{weights} {rate:g}" for weights, rate in (DECIDES, *TOLD)))


def lanes_of(rows: Sequence, setting: tuple[str, float], network: str) -> list[list]:
    """The rows of each lane of a setting, in the order of their marks."""
    found: dict[int, list] = {}
    for row in rows:
        if (row.weights, row.learning_rate, row.network) == (*setting, network):
            found.setdefault(row.lane, []).append(row)
    return list(found.values())


def late_seem(lane: Sequence) -> float:
    """Median normalised SEEM over the marks in the second half of a lane's updates."""
    return median(row.seem for row in lane if row.step >= lane[-1].step / 2)


def told_right(lane: Sequence) -> bool:
    """Whether its late SEEM agrees with how the lane ended."""
    return (late_seem(lane) >= EXCITES) == (lane[-1].crash >= 0)


def decide(measured: Measured) -> Outcome:
    plain, normalised = (lanes_of(measured.rows, DECIDES, network) for network in NETWORKS)
    crashes = [sum(lane[0].crash >= 0 for lane in own) for own in (plain, normalised)]
    right = sum(told_right(lane) for lane in (*plain, *normalised))
    return conclude(
        _share("share of plain lanes whose |Q| exceeds 1e12", crashes[0], len(plain), 0.5, "above"),
        _share("share of lanes with LayerNorm whose |Q| exceeds 1e12", crashes[1], len(normalised), 0.5, "below"),
        _share("share of lanes of which the late SEEM tells whether they crash", right,
               len(plain) + len(normalised), AGREES, "above"),
        context=(*(line for setting in (DECIDES, *TOLD) for line in _told(measured.rows, setting)),
                 *_surge(plain)))


def _share(what: str, hits: int, count: int, threshold: float, side: str) -> Comparison:
    return Comparison.of(what, share_test(hits, count, threshold=threshold), threshold, side)


def _told(rows: Sequence, setting: tuple[str, float]) -> list[str]:
    """Crashes, sizes of Q and SEEM's signs of both networks in a setting."""
    lines = []
    for network in NETWORKS:
        lanes = lanes_of(rows, setting, network)
        if not lanes:
            continue
        crashed = [lane for lane in lanes if lane[0].crash >= 0]
        line = f"{network}, {setting[0]} weights, SGD at {setting[1]:g}: {len(crashed)} of {len(lanes)} lanes crash"
        line += f", at update {median(lane[0].crash for lane in crashed):,.0f} (median)" if crashed else ""
        lives = [lane for lane in lanes if lane[0].crash < 0]
        line += (f"; largest |Q| of the others {max(row.largest for lane in lives for row in lane):.3g}, at the end "
                 f"{median(lane[-1].largest for lane in lives):.3g} (median)" if lives else "")
        late = [late_seem(lane) for lane in lanes]
        line += (f"; late SEEM from {min(late):.2g} to {max(late):.2g}; SEEM at the last mark above 0 by more than "
                 f"rounding in {sum(lane[-1].excites for lane in lanes)}")
        lines.append(line)
    return lines


def _surge(plain: Sequence[Sequence]) -> list[str]:
    """How far |Q| was when SEEM last rose to its threshold, in lanes that crashed and where it stayed above."""
    sizes = []
    for lane in plain:
        below = [place for place, row in enumerate(lane) if row.seem < EXCITES]
        rise = below[-1] + 1 if below else 0
        if lane[0].crash >= 0 and rise < len(lane):
            sizes.append(lane[rise].largest / lane[0].largest)
    if not sizes:
        return []
    return [f"when SEEM last rose to {EXCITES:g} in the {len(sizes)} plain lanes that then crashed, |Q| was "
            f"{median(sizes):.3g} times as large as at first (median; at most {max(sizes):.3g})"]


def summary(rows: Sequence) -> list[tuple[str, ...]]:
    """A line for each lane that decides."""
    weights, rate = DECIDES
    return [(network, weights, f"{rate:g}", str(lane[0].lane), f"{lane[0].crash:,}" if lane[0].crash >= 0 else "none",
             f"{max(row.largest for row in lane):.3g}", f"{lane[-1].largest:.3g}", f"{late_seem(lane):.2g}")
            for network in NETWORKS for lane in lanes_of(rows, DECIDES, network)]


def figure(measured: Measured) -> Figure:
    """|Q| over updates and SEEM over |Q| of the lanes that decide, and the late SEEM in every setting."""
    from divbench.report.toy_figures import walk_figure

    lanes = {network: lanes_of(measured.rows, DECIDES, network) for network in NETWORKS}
    last = {f"{weights} {rate:g}": {network: [(late_seem(lane), lane[0].crash >= 0) for lane in
                                              lanes_of(measured.rows, (weights, rate), network)]
                                    for network in NETWORKS} for weights, rate in (DECIDES, *TOLD)}
    facts = (f"{measured.draws} lanes each, {'x'.join(map(str, HIDDEN))} units, {DECIDES[0]} weights, SGD at "
             f"{DECIDES[1]:g} on {TRANSITIONS} transitions; Q* is 0")
    return walk_figure(lanes, last, EXCITES, facts)


EXPERIMENT = MeasuredExperiment(
    name="toy-walk",
    claim="On a walk without reward Q of DQN grows beyond any bound, though Q* is 0, and with LayerNorm it does not, "
          "and SEEM tells the two apart.",
    source="Yue et al., 2310.04411, toy example and section 4",
    kind="kernel",
    tasks=(),
    measure=measure,
    describe=describe,
    quick_shows="Sixteen lanes in place of 40, 5,000 updates in place of 10,000: intervals are wider, and a crash with "
                "LayerNorm that comes later is not seen.",
    decide=decide,
    figure=figure,
    took={"quick": 2, "full": 8},
)
