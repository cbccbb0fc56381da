"""Every measured metric, in words: what it is, its formula, its unit, where it is recorded and who proposed it.

Pure data, from which `divbench explain`, the table of values and the page are made: a metric with `_value` is a
column of `values`. The other columns are in `schema`, the code that computes the metrics in `divbench.diagnostics`
and `divbench.execute.diagnosing`, and what follows from them in `divbench.verdict`.

In formulas: N critics, a batch of B transitions (s, a, r, s'), pi the policy, phi the critics' last hidden features,
alpha the temperature, gamma the discount, theta the critics' parameters, |.|_2 the L2 norm. r, r_min and r_max are the
reward as the lane learns from it (`reward_scale`, `reward_shift`) and its range. `return` as a unit is that of
discounted reward.
"""

from __future__ import annotations

import dataclasses

VALUES, DIAGNOSTICS = "values", "diagnostics"  # tables
CHEAP, FULL = "cheap", "full"  # levels of measurement; full includes what is cheap
ASK_NTK, ASK_SEEM, BY_PREQN = "ntk", "seem", "preqn"  # what is asked for beside them, and what an algorithm notes down

SAC = "Haarnoja et al., Soft actor-critic, 1812.05905"
OFN = "Hussing et al., Dissecting deep RL with high update ratios, 2403.05996"
MAD_TD = "Voelcker et al., MAD-TD, 2410.08896"
ADAM = "Kingma and Ba, Adam, 1412.6980"
REDO = "Sokar et al., The dormant neuron phenomenon, 2302.12902, definition 3.1"
EFFECTIVE_RATE = "Lyle et al., Normalization and effective learning rates, 2407.01800"
PREQN = "Achiam et al., Towards characterizing divergence in deep Q-learning, 1903.08894, Algorithm 1"
NTK = "Achiam et al., Towards characterizing divergence in deep Q-learning, 1903.08894"
SEEM = "Yue et al., Understanding, predicting and better resolving Q-value divergence, 2310.04411, Theorem 3"
CRITICAL = "Yue et al., Understanding, predicting and better resolving Q-value divergence, 2310.04411, section 3"
OURS = "divbench"


# Headings of the page, and axes: of any sign and many decades; positive; neither.
Q_VALUES, RETURNS, EXTRAPOLATION = "Q-values", "Against the return earned", "Extrapolation"
LOSSES, STEPS, POLICY = "Losses and gradients", "Steps and parameters", "Policy and rewards"
MAGNITUDE, LOGARITHMIC, LINEAR = "magnitude", "log", "linear"


@dataclasses.dataclass(frozen=True)
class Plot:
    """How a column is plotted.

    Attributes:
      label: what people call it.
      heading: under which it is offered.
      axis: `magnitude`, `log` or `linear`.
      bounded: whether the analytic bound is drawn in: the column is a Q-value or what one should be.
    """

    label: str
    heading: str
    axis: str = LINEAR
    bounded: bool = False


@dataclasses.dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
      name: the column of `values`, or what the column `metric` of `diagnostics` holds.
      where: the table, `values` or `diagnostics`.
      level: `cheap` or `full`, the least level of measurement that has it; `ntk` or `seem`, if `--diagnose` lists
        that; `preqn`, if the lane learns by it.
      per_layer: one number for each layer of the critics; else one for all of them.
      unit: its unit; `1` for a number without one.
      formula: in one line of plain text.
      meaning: what it tells, in a few sentences.
      source: the paper that it is from; for what every paper uses, the one whose setting is meant.
      summary: of a column of `values`, its line in the description of the table; else empty.
      plot: of a column of `values`, how the page plots it; None if it does not.
    """

    name: str
    where: str
    level: str
    per_layer: bool
    unit: str
    formula: str
    meaning: str
    source: str
    summary: str = ""
    plot: Plot | None = None


def _value(name: str, unit: str, formula: str, meaning: str, source: str = OURS, *, summary: str,
           plot: Plot | None = None) -> Metric:
    return Metric(name, VALUES, CHEAP, False, unit, formula, meaning, source, summary, plot)


def _whole(name: str, unit: str, formula: str, meaning: str, source: str) -> Metric:
    return Metric(name, DIAGNOSTICS, FULL, False, unit, formula, meaning, source)


def _asked(level: str, name: str, unit: str, formula: str, meaning: str, source: str) -> Metric:
    """What only `level` has, beside cheap and full."""
    return Metric(name, DIAGNOSTICS, level, False, unit, formula, meaning, source)


def _layer(name: str, unit: str, formula: str, meaning: str, source: str = OURS) -> Metric:
    return Metric(name, DIAGNOSTICS, FULL, True, unit, formula, meaning, source)


_ALL = (
    _value("q_replay_mean", "return", "mean over critics and batch of Q(s, a)",
           "Mean Q on states and actions of the replay buffer, the ones that the critics are fitted to. Beyond "
           "q_bound no policy as random as those so far can be worth it: the critics diverge.", OFN,
           summary="mean Q on states and actions of the replay buffer",
           plot=Plot("Mean Q on replay", Q_VALUES, MAGNITUDE, bounded=True)),
    _value("q_replay_max", "return", "max over critics and batch of |Q(s, a)|",
           "Largest |Q| on states and actions of the replay buffer. Single transitions run away here before the mean "
           "does.",
           summary="largest absolute Q there", plot=Plot("Largest |Q| on replay", Q_VALUES, MAGNITUDE, bounded=True)),
    _value("q_policy_mean", "return", "mean over critics and batch of Q(s, a~), a~ from pi(s)",
           "Mean Q on replayed states and actions sampled from the policy, which is what targets bootstrap from. Well "
           "above q_replay_mean the critics believe in actions that nobody has tried.", MAD_TD,
           summary="mean Q on replayed states and the policy's actions",
           plot=Plot("Mean Q on the policy's actions", Q_VALUES, MAGNITUDE, bounded=True)),
    _value("q_policy_max", "return", "max over critics and batch of |Q(s, a~)|, a~ from pi(s)",
           "Largest |Q| on replayed states and actions of the policy.",
           summary="largest absolute Q there",
           plot=Plot("Largest |Q| on the policy's actions", Q_VALUES, MAGNITUDE, bounded=True)),
    _value("q_random_mean", "return", "mean over critics and batch of Q(s, u), u uniform on [-1, 1]^A",
           "Mean Q on replayed states and uniformly random actions: how the critics extrapolate where nobody asks "
           "them. An error there alone harms nothing.", MAD_TD,
           summary="mean Q on replayed states and uniformly random actions",
           plot=Plot("Mean Q on random actions", Q_VALUES, MAGNITUDE, bounded=True)),
    _value("q_random_max", "return", "max over critics and batch of |Q(s, u)|, u uniform on [-1, 1]^A",
           "Largest |Q| on replayed states and uniformly random actions.",
           summary="largest absolute Q there",
           plot=Plot("Largest |Q| on random actions", Q_VALUES, MAGNITUDE, bounded=True)),
    _value("q_distant_mean", "return", "mean over critics and batch of Q(s, c), c the corner of [-1, 1]^A farthest "
           "from a",
           "Mean Q on replayed states and the actions farthest from the replayed ones: extrapolation at its worst.",
           MAD_TD,
           summary="mean Q on replayed states and the actions farthest from the replayed ones",
           plot=Plot("Mean Q on the most distant actions", Q_VALUES, MAGNITUDE, bounded=True)),
    _value("q_distant_max", "return", "max over critics and batch of |Q(s, c)|, c the corner of [-1, 1]^A farthest "
           "from a",
           "Largest |Q| on replayed states and the actions farthest from the replayed ones.",
           summary="largest absolute Q there",
           plot=Plot("Largest |Q| on the most distant actions", Q_VALUES, MAGNITUDE, bounded=True)),
    _value("q_distance_correlation", "1", "corr over the batch of |u - a|_2 and mean over critics of Q(s, u), u "
           "uniform on [-1, 1]^A",
           "Pearson correlation of Q on random actions with their distance from the replayed ones. Near 1 the critics "
           "find actions the better the farther they are from the data, and the policy will go there; near 0 distance "
           "does not matter. 0 also where either is constant.", MAD_TD,
           summary="correlation of Q on random actions with their distance from the replayed",
           plot=Plot("Correlation of Q with distance from the data", EXTRAPOLATION, LINEAR)),
    _value("q_bound", "return", "running max of (r_max + min(alpha, 10 initial alpha) max(H, 0)) / (1 - gamma), H the "
           "policy's entropy",
           "The most that policies with the entropies seen so far can be worth. The verdict calls a lane diverged when "
           "mean Q stays more than 5% above it. Of tasks whose rewards have no stated range, r_max is the largest "
           "reward in any batch so far, or in the dataset, and the verdict allows 50%. Any policy: q_bound_any.",
           summary="the most that policies with the entropies seen so far can be worth, running maximum"),
    _value("q_bound_any", "return", "running max of (r_max + min(alpha, 10 initial alpha) A ln 2) / (1 - gamma), A the "
           "number of actions",
           "The most that any policy can be worth: A ln 2 nats is the largest entropy that A actions in [-1, 1] can "
           "have. A temperature above ten times its initial value is not counted, and is a first cause of its own. "
           "Without an entropy term it equals q_bound.",
           summary="the most that any policy can be worth, running maximum"),
    _value("q_bound_low", "return", "running min of (r_min + min(alpha, initial alpha) min(H, 0)) / (1 - gamma)",
           "The least that policies with the entropies seen so far can be worth: critics can diverge downwards too.",
           summary="the least that policies with the entropies seen so far can be worth, running minimum"),
    _value("bound_seen", "1", "1 if r_max and r_min are those of the rewards seen so far, else 0",
           "Is 1 where the task states no range of its rewards, as gymnasium's tasks. A lane beyond "
           "such bounds is beyond what was seen, which a policy better than its data may rightly be.",
           summary="1 if the bounds come from the rewards seen so far, 0 if from the task's own range"),
    _value("mc_return_mean", "return", "mean over the first half of an episode of G_t = r_t + gamma (G_{t+1} - alpha "
           "log pi(a_{t+1}|s_{t+1}))",
           "Mean discounted soft return that the policy earned in one stochastic episode: what Q on the same states "
           "and actions should be. NaN where more than 5% of a constant reward's return would come after the end of "
           "the episode, because gamma is near 1 or the episode short, unless the task terminated.", SAC,
           summary="mean discounted soft return from states of a rollout's first half",
           plot=Plot("Monte-Carlo return", RETURNS, MAGNITUDE, bounded=True)),
    _value("mc_q_mean", "return", "mean over critics and the first half of an episode of Q(s_t, a_t)",
           "Mean Q on the states and actions that mc_return_mean is measured on.",
           "Fujimoto et al., TD3, 1802.09477, figure 1",
           summary="mean Q on the same states and actions",
           plot=Plot("Mean Q on a rollout", RETURNS, MAGNITUDE, bounded=True)),
    _value("mc_q_used", "return", "mean over the first half of an episode of min over critics of Q(s_t, a_t), weighted "
           "with their mean by mean_weight",
           "The Q that targets and actor use, on the states and actions that mc_return_mean is measured on. The "
           "verdict overestimating is judged on it: the mean of two critics can be above the return while the lesser, "
           "from which all learning goes, is below.", "Fujimoto et al., TD3, 1802.09477, section 4.2",
           summary="mean there of the Q that targets and actor use: of two critics the lesser",
           plot=Plot("Q that targets use on a rollout", RETURNS, MAGNITUDE, bounded=True)),
    _value("mc_bias", "return", "mc_q_mean - mc_return_mean",
           "By how much the mean of the critics overestimates the policy, or underestimates it if negative. Large and "
           "growing while Q is still below q_bound is the usual way into divergence.",
           "Fujimoto et al., TD3, 1802.09477, figure 1",
           summary="mc_q_mean minus mc_return_mean: how much the mean of the critics overestimates",
           plot=Plot("Bias: Q minus Monte-Carlo return", RETURNS, MAGNITUDE)),
    _value("td_loss", "return^2", "sum over critics of mean over batch of (Q(s, a) - y)^2, y = r + gamma (min "
           "Q_target(s', a') - alpha log pi(a'|s'))",
           "Squared temporal-difference error on a batch of replay: the critics' loss, to which variants may add terms "
           "of their own.", SAC,
           summary="sum over critics of the mean squared temporal-difference error on the batch",
           plot=Plot("TD loss", LOSSES, LOGARITHMIC)),
    _value("td_loss_heldout", "return^2", "td_loss on the transitions of an episode that is not in the replay buffer",
           "The critics' loss on transitions that no update has seen. Far above td_loss the critics overfit, which "
           "its authors found to be the main trouble of many updates per step.",
           "Li et al., Efficient deep RL requires regulating overfitting, ICLR 2023",
           summary="the same on the rollout's transitions, which no update has seen",
           plot=Plot("TD loss, held out", LOSSES, LOGARITHMIC)),
    _value("grad_norm", "return^2 per weight", "|grad_theta loss|_2",
           "L2 norm of the critics' gradient over all parameters, of the whole loss: td_loss, and the terms that a "
           "variant puts in its place or adds. In a batch, what the TD errors ask for.",
           summary="L2 norm of the critics' gradient", plot=Plot("Gradient norm", LOSSES, LOGARITHMIC)),
    _value("first_moment", "return^2 per weight", "|m|_2, m = b1 m + (1 - b1) grad",
           "L2 norm of the optimizer's running mean of the gradient: the direction that the critics keep moving in. "
           "NaN where a variant's own optimizer keeps none.", ADAM,
           summary="L2 norm of the first moment in the critics' optimizer",
           plot=Plot("First moment", LOSSES, LOGARITHMIC)),
    _value("second_moment", "(return^2 per weight)^2", "|v|_2, v = b2 v + (1 - b2) grad^2",
           "L2 norm of the optimizer's running mean of the squared gradient. Large after a phase of large gradients, "
           "it shrinks the steps that follow: critics that came back to bounds may still learn next to nothing. NaN "
           "where a variant's own optimizer keeps none.", OFN,
           summary="L2 norm of the second moment in the critics' optimizer",
           plot=Plot("Second moment", LOSSES, LOGARITHMIC)),
    _value("second_moment_head", "(return^2 per weight)^2", "|v|_2 over the critics' last layer",
           "The second moment of the critics' last layer alone, where it rises first and farthest when Q diverges.",
           OFN,
           summary="the same of the critics' last layer alone",
           plot=Plot("Second moment of the last layer", LOSSES, LOGARITHMIC)),
    _value("update_norm", "weight", "|theta' - theta|_2",
           "L2 norm of the step that the critics would make on the batch, optimizer and projections included.",
           EFFECTIVE_RATE,
           summary="L2 norm of the step that the critics would make on the batch",
           plot=Plot("Update norm", STEPS, LOGARITHMIC)),
    _value("effective_lr", "1 per update", "update_norm / param_norm",
           "The share of their own length by which the critics' parameters move in an update. It falls as they grow, "
           "until nothing is learned any more.", EFFECTIVE_RATE,
           summary="update_norm divided by param_norm", plot=Plot("Effective learning rate", STEPS, LOGARITHMIC)),
    _value("param_norm", "weight", "|theta|_2",
           "L2 norm of the critics' parameters, those of LayerNorm included. It must grow for Q to grow without bound.",
           EFFECTIVE_RATE,
           summary="L2 norm of the critics' parameters", plot=Plot("Parameter norm", STEPS, LOGARITHMIC)),
    _value("feature_norm", "feature", "mean over critics and batch of |phi(s, a)|_2, before any normalization of phi",
           "Mean L2 norm of the critics' last hidden features. Without normalization Q is their product with the last "
           "layer, so either must grow for Q to diverge; under OFN it may grow freely, and does.", OFN,
           summary="mean L2 norm of the critics' last hidden features before any normalization of them",
           plot=Plot("Feature norm", STEPS, LOGARITHMIC)),
    _value("dormant_share", "1", "share of units with mean_b |h_b| <= 0.025 times its mean over the layer's units",
           "Share of the critics' hidden units that hardly ever fire: capacity that is lost, since their gradient is "
           "0 too.", REDO,
           summary="share of the critics' hidden units that hardly ever fire",
           plot=Plot("Dormant share", STEPS, LINEAR)),
    _value("reward_excess", "reward", "max over the batch of max(r - r_max, r_min - r, 0) / reward_scale",
           "By how much a replayed reward lies outside the range that the task promises, in the task's own unit. "
           "Anything but 0 means that q_bound does not hold: a fault of the physics or of the task, not of the "
           "learner.",
           summary="by how much a replayed reward lies outside the task's range; 0 if none does",
           plot=Plot("Reward excess", POLICY, LINEAR)),
    _value("reward_mean", "reward", "mean of the task's reward over all transitions of the replay so far",
           "Mean reward of the whole replay, in the task's own unit: what there is to learn from. On some tasks the "
           "first pose decides it: quadruped-run pays 0.5 a step on its feet, next to nothing on its back. A lane that "
           "broke counts the transitions before, an offline lane those that it draws from.",
           summary="mean reward of the whole replay, as the task pays it",
           plot=Plot("Mean reward of the replay", POLICY, LINEAR)),
    _value("reward_max", "reward", "max of the task's reward over all transitions of the replay so far",
           "Largest reward of the whole replay, in the task's own unit. At 0 nothing has been found yet that pays.",
           summary="largest reward there", plot=Plot("Largest reward of the replay", POLICY, LINEAR)),
    _value("reward_nonzero", "1", "share of transitions of the replay so far whose task's reward is not 0",
           "Share of the replay's transitions that pay or cost anything. Where rewards are sparse it says how often "
           "the lane came across one.",
           summary="share of the rewards there that are not 0",
           plot=Plot("Share of rewards that are not 0", POLICY, LINEAR)),
    _value("actor_saturation", "1", "share of the entries of tanh(mean of pi(s)) with |.| >= 0.99",
           "Share of the policy's mean actions within 0.01 of their bounds. There the tanh is flat and the actor "
           "learns slowly; critics that extrapolate drive it there.",
           summary="share of the policy's mean actions within 0.01 of their bounds",
           plot=Plot("Actor saturation", POLICY, LINEAR)),
    _value("temperature", "reward per nat", "alpha",
           "The entropy coefficient: what a nat of entropy is worth in reward. Above ten times its initial value it is "
           "a first cause.", SAC,
           summary="entropy coefficient alpha", plot=Plot("Temperature", POLICY, LOGARITHMIC)),
    _value("entropy", "nat", "-mean over the batch of log pi(a~|s), a~ from pi(s)",
           "Mean entropy of the policy on replayed states. The temperature is tuned to keep it at its target.", SAC,
           summary="mean entropy of the policy on the batch, nats", plot=Plot("Entropy", POLICY, LINEAR)),
    _layer("gradient_norm", "return^2 per weight", "|grad loss|_2 over the layer",
           "The layer's part of grad_norm: where the gradient is when it explodes or vanishes."),
    _layer("first_moment_norm", "return^2 per weight", "|m|_2 over the layer",
           "The layer's part of first_moment.", ADAM),
    _layer("second_moment_norm", "(return^2 per weight)^2", "|v|_2 over the layer",
           "The layer's part of second_moment. Divided by its first measurement it shows which layer the optimizer "
           "has throttled.", OFN),
    _layer("step_norm", "weight", "|theta' - theta|_2 over the layer",
           "The layer's part of update_norm.", EFFECTIVE_RATE),
    _layer("parameter_norm", "weight", "|theta|_2 over the layer",
           "The layer's part of param_norm.", EFFECTIVE_RATE),
    _layer("effective_rate", "1 per update", "step_norm / parameter_norm",
           "The share of its own length by which the layer moves in an update. Layers far apart here do not learn "
           "together.", EFFECTIVE_RATE),
    _layer("dormant", "1", "share of the layer's units with mean_b |h_b| <= 0.025 times its mean over them",
           "Share of the layer's units that hardly ever fire. Hidden layers only: the last layer has no units that "
           "could be dormant.", REDO),
    _whole("srank", "dimensions", "min k: sum of the k largest sigma >= 0.99 sum of all, sigma the singular values of "
           "phi on the batch; mean over critics",
           "How many dimensions of the critics' last hidden features are in use. A fall tells that states look alike "
           "to the critics. It may rise again with fresh data, so a low rank alone is no proof of lasting damage.",
           "Kumar et al., Implicit under-parameterization, 2010.14498, section 3"),
    _whole("pca_rank", "dimensions", "min k: sum of the k largest sigma^2 >= 0.99 sum of all; mean over critics",
           "As srank, by the share of the squared singular values: small ones count for less, so it is the lower of "
           "the two.", "Yang et al., Harnessing structures for value-based planning, 1909.12255, section 2"),
    _whole("entropy_rank", "dimensions", "exp(-sum p log p), p = sigma / sum sigma; mean over critics",
           "As srank without a threshold: k equal singular values give k.",
           "Roy and Vetterli, The effective rank, EUSIPCO 2007, definition 2.1"),
    _whole("feature_rank", "dimensions", "count of sigma / sqrt(B) > 0.01; mean over critics",
           "How many dimensions of the features are not negligible in size. The only rank that depends on the scale "
           "of the features, so it grows when they do.",
           "Lyle et al., Understanding and preventing capacity loss, 2204.09560, equations 4 and 5"),
    _whole("dr3_dot", "feature^2", "mean over critics and batch of phi(s, a) . phi(s', a'), a' from pi(s')",
           "Dot product of the features of a transition and of the one that its target bootstraps from. It grows when "
           "successive features align or grow; then an update of Q(s, a) moves its own target.",
           "Kumar et al., DR3, 2112.04716"),
    _asked(ASK_NTK, "ntk_diagonal", "return^2 / weight^2",
           "mean_i K_ii, K_ij = grad Q(x_i) . grad Q(x_j), of 256 transitions and the first critic",
           "How far an update moves the Q of its own pair. The larger, the smaller the learning rate at which updates "
           "overshoot.", NTK),
    _asked(ASK_NTK, "ntk_row_ratio", "1", "mean_i sum_(j != i) |K_ij| / K_ii / 256",
           "How much an update of one pair moves all others, beside its own. Theorem 2 of the source asks for far less "
           "of it than critics have.", NTK),
    _asked(ASK_NTK, "ntk_condition", "1", "largest over smallest eigenvalue of K; infinite where that is rounding",
           "How unevenly the critic learns in different directions.", NTK),
    _asked(ASK_NTK, "ntk_rank", "transitions", "count of the eigenvalues of K above rounding",
           "In how many directions the critic can tell 256 transitions apart.", NTK),
    _asked(ASK_NTK, "update_cosine", "1",
           "cos(Q' - Q, target - Q) on the minibatch that an update is made from, of the first critic",
           "Did the update move Q as the TD errors ask? PreQN takes no other step.", NTK),
    _asked(ASK_SEEM, "seem", "return^2 / weight^2",
           "max Re eigenvalue of A = (gamma K(X*, X) - K(X, X)) / P, X 256 transitions, X* the next states with the "
           "policy's mode, P the number of parameters",
           "Above 0, with policy and kernel's direction at rest, TD errors feed themselves: Q diverges.", SEEM),
    _asked(ASK_SEEM, "seem_normalised", "1", "seem / |A|_F",
           "As seem, without a scale: it can be compared over time while Q grows.", SEEM),
    _asked(ASK_SEEM, "seem_resolution", "1", "256 times the float's epsilon",
           "A seem_normalised no larger than this cannot be distinguished from 0.", SEEM),
    _asked(ASK_SEEM, "action_stability", "1",
           "mean over 256 next states s' of cos(mode of pi(s'), mode of the policy at the measurement before)",
           "Does the policy rest? 1 where it does. A state in which either action is wholly 0 counts as 0. From the "
           "critical point on, which divbench report names in report/lanes.md, this and ntk_stability stay at 0.99 or "
           "above. NaN at the first measurement and of a lane that is frozen.", CRITICAL),
    _asked(ASK_SEEM, "ntk_stability", "1",
           "<K, K'> / (|K|_F |K'|_F), K_ij = grad Q(x_i) . grad Q(x_j) of 256 transitions and the first critic, K' of "
           "the critic at the measurement before on the same ones",
           "Does the direction of the kernel rest? 1 where it does, however much the kernel grows: a critic that "
           "diverges keeps its direction. See action_stability for the critical point and for NaN.", CRITICAL),
    _asked(ASK_SEEM, "parameter_stability", "1",
           "cos(theta, theta of the measurement before), of the first critic",
           "Does the first critic move in a straight line from 0, as one that grows without turning does? See "
           "action_stability for NaN.", CRITICAL),
    _asked(BY_PREQN, "search_cosine_least", "1",
           "min over the steps taken so far of cos(Q' - Q, r + gamma Q(s', mu(s')) - Q) on the step's minibatch",
           "How well Q followed the TD errors in the worst step that was taken; none below search_cosine is.", PREQN),
    _asked(BY_PREQN, "search_shrinks", "1", "times that the last step was shrunk",
           "None where the first trial was good enough. Many mean that Q is not linear in the parameters over such a "
           "step.", PREQN),
    _asked(BY_PREQN, "search_rejected", "updates", "count of updates whose critic step was not taken",
           "In them no step of the line search changed Q as the TD errors ask.", PREQN),
    _asked(BY_PREQN, "kernel_condition", "1", "largest over smallest eigenvalue inverted of the minibatch's kernel K",
           "How unlike the directions are that the least-squares solution of K Z = Delta has to weigh against each "
           "other.", PREQN),
    _asked(BY_PREQN, "kernel_rank", "transitions", "count of the eigenvalues of K that were inverted",
           "Below the batch size, the minibatch asks for more than the critic can change at once.", PREQN),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
