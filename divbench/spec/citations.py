"""`divbench cite`: BibTeX of the papers behind variants, experiments and protocols, an entry each.

Lives here: the entries, and which of them a citation in words means. Does not live here: which paper a variant comes
from, which its record says (`built_in`).

A field that could not be checked, such as the pages of most proceedings, is left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from divbench.spec.naming import find_variant
from divbench.spec.variants import Variant

ICLR = "International Conference on Learning Representations"
ICML = "International Conference on Machine Learning"
NEURIPS = "Advances in Neural Information Processing Systems"


@dataclasses.dataclass(frozen=True)
class Paper:
    """An entry of BibTeX.

    Attributes:
      key: by which it is cited: first author, year, first word of the title.
      kind: `article`, `inproceedings`, or `misc` for what is on arXiv only, or whose venue was not checked.
      fields: names and values in the order of the entry. Values are written in LaTeX, capitals that must stay in
        braces.
      marks: a citation in words that holds any of these means this paper: its arXiv number, or what it is called
        where none is given.
    """

    key: str
    kind: str
    fields: tuple[tuple[str, str], ...]
    marks: tuple[str, ...]

    def entry(self) -> str:
        """The entry, with a line break at its end."""
        width = max(len(name) for name, _ in self.fields)
        lines = [f"  {name:<{width}} = {{{value}}},\n" for name, value in self.fields]
        return f"@{self.kind}{{{self.key},\n{''.join(lines)}}}\n"


def _paper(key: str, author: str, title: str, year: int, *, book: str = "", journal: str = "", arxiv: str = "",
           marks: tuple[str, ...] = (), **more: str) -> Paper:
    kind = "inproceedings" if book else "article" if journal else "misc"
    fields = {"author": author, "title": title, "booktitle": book, "journal": journal, "year": str(year), **more,
              "eprint": arxiv, "archivePrefix": "arXiv" if arxiv else ""}
    return Paper(key, kind, tuple((name, value) for name, value in fields.items() if value),
                 (*([arxiv] if arxiv else []), *marks))


PAPERS: tuple[Paper, ...] = (
    _paper("haarnoja2018applications",
           "Haarnoja, Tuomas and Zhou, Aurick and Hartikainen, Kristian and Tucker, George and Ha, Sehoon and Tan, Jie "
           "and Kumar, Vikash and Zhu, Henry and Gupta, Abhishek and Abbeel, Pieter and Levine, Sergey",
           "Soft Actor-Critic Algorithms and Applications", 2018, arxiv="1812.05905"),
    _paper("hussing2024dissecting",
           "Hussing, Marcel and Voelcker, Claas and Gilitschenski, Igor and Farahmand, Amir-massoud and Eaton, Eric",
           "Dissecting Deep {RL} with High Update Ratios: Combatting Value Divergence", 2024,
           book="Reinforcement Learning Conference", arxiv="2403.05996"),
    _paper("yue2023understanding", "Yue, Yang and Lu, Rui and Kang, Bingyi and Song, Shiji and Huang, Gao",
           "Understanding, Predicting and Better Resolving {Q}-Value Divergence in Offline-{RL}", 2023, book=NEURIPS,
           arxiv="2310.04411"),
    _paper("achiam2019towards", "Achiam, Joshua and Knight, Ethan and Abbeel, Pieter",
           "Towards Characterizing Divergence in Deep {Q}-Learning", 2019, arxiv="1903.08894"),
    _paper("nikishin2022primacy",
           "Nikishin, Evgenii and Schwarzer, Max and D'Oro, Pierluca and Bacon, Pierre-Luc and Courville, Aaron",
           "The Primacy Bias in Deep Reinforcement Learning", 2022, book=ICML, arxiv="2205.07802"),
    _paper("doro2023sample",
           "D'Oro, Pierluca and Schwarzer, Max and Nikishin, Evgenii and Bacon, Pierre-Luc and Bellemare, Marc G. and "
           "Courville, Aaron",
           "Sample-Efficient Reinforcement Learning by Breaking the Replay Ratio Barrier", 2023, book=ICLR,
           url="https://openreview.net/forum?id=OpC-9aBBVJe", marks=("D'Oro et al.",)),
    _paper("nauman2024bigger",
           "Nauman, Michal and Ostaszewski, Mateusz and Jankowski, Krzysztof and Mi{\\l}o{\\'s}, Piotr and Cygan, "
           "Marek",
           "Bigger, Regularized, Optimistic: Scaling for Compute and Sample-Efficient Continuous Control", 2024,
           book=NEURIPS, arxiv="2405.16158"),
    _paper("nauman2024overestimation",
           "Nauman, Michal and Bortkiewicz, Micha{\\l} and Mi{\\l}o{\\'s}, Piotr and Trzci{\\'n}ski, Tomasz and "
           "Ostaszewski, Mateusz and Cygan, Marek",
           "Overestimation, Overfitting, and Plasticity in Actor-Critic: the Bitter Lesson of Reinforcement Learning",
           2024, book=ICML, arxiv="2403.00514"),
    _paper("fujimoto2018addressing", "Fujimoto, Scott and van Hoof, Herke and Meger, David",
           "Addressing Function Approximation Error in Actor-Critic Methods", 2018, book=ICML, arxiv="1802.09477"),
    _paper("lillicrap2016continuous",
           "Lillicrap, Timothy P. and Hunt, Jonathan J. and Pritzel, Alexander and Heess, Nicolas and Erez, Tom and "
           "Tassa, Yuval and Silver, David and Wierstra, Daan",
           "Continuous Control with Deep Reinforcement Learning", 2016, book=ICLR, arxiv="1509.02971"),
    _paper("fujimoto2021minimalist", "Fujimoto, Scott and Gu, Shixiang Shane",
           "A Minimalist Approach to Offline Reinforcement Learning", 2021, book=NEURIPS, arxiv="2106.06860"),
    _paper("loshchilov2019decoupled", "Loshchilov, Ilya and Hutter, Frank", "Decoupled Weight Decay Regularization",
           2019, book=ICLR, arxiv="1711.05101"),
    _paper("hiraoka2022dropout",
           "Hiraoka, Takuya and Imagawa, Takahisa and Hashimoto, Taisei and Onishi, Takashi and Tsuruoka, Yoshimasa",
           "Dropout {Q}-Functions for Doubly Efficient Reinforcement Learning", 2022, book=ICLR, arxiv="2110.02034"),
    _paper("lyle2023understanding",
           "Lyle, Clare and Zheng, Zeyu and Nikishin, Evgenii and Avila Pires, Bernardo and Pascanu, Razvan and "
           "Dabney, Will",
           "Understanding Plasticity in Neural Networks", 2023, book=ICML, arxiv="2303.01486"),
    _paper("mnih2015human",
           "Mnih, Volodymyr and Kavukcuoglu, Koray and Silver, David and Rusu, Andrei A. and Veness, Joel and "
           "Bellemare, Marc G. and Graves, Alex and Riedmiller, Martin and Fidjeland, Andreas K. and Ostrovski, Georg "
           "and Petersen, Stig and Beattie, Charles and Sadik, Amir and Antonoglou, Ioannis and King, Helen and "
           "Kumaran, Dharshan and Wierstra, Daan and Legg, Shane and Hassabis, Demis",
           "Human-level control through deep reinforcement learning", 2015, journal="Nature", volume="518",
           number="7540", pages="529--533", marks=("Mnih et al.",)),
    _paper("pascanu2013difficulty", "Pascanu, Razvan and Mikolov, Tomas and Bengio, Yoshua",
           "On the difficulty of training recurrent neural networks", 2013, book=ICML, arxiv="1211.5063"),
    _paper("kumar2020conservative", "Kumar, Aviral and Zhou, Aurick and Tucker, George and Levine, Sergey",
           "Conservative {Q}-Learning for Offline Reinforcement Learning", 2020, book=NEURIPS, arxiv="2006.04779"),
    _paper("ba2016layer", "Ba, Jimmy Lei and Kiros, Jamie Ryan and Hinton, Geoffrey E.", "Layer Normalization", 2016,
           arxiv="1607.06450"),
    _paper("wu2018group", "Wu, Yuxin and He, Kaiming", "Group Normalization", 2018,
           book="European Conference on Computer Vision", arxiv="1803.08494"),
    _paper("bhatt2024crossq",
           "Bhatt, Aditya and Palenicek, Daniel and Belousov, Boris and Argus, Max and Amiranashvili, Artemij and "
           "Brox, Thomas and Peters, Jan",
           "{CrossQ}: Batch Normalization in Deep Reinforcement Learning for Greater Sample Efficiency and Simplicity",
           2024, book=ICLR, arxiv="1902.05605"),
    _paper("kumar2022dr3",
           "Kumar, Aviral and Agarwal, Rishabh and Ma, Tengyu and Courville, Aaron and Tucker, George and Levine, "
           "Sergey",
           "{DR3}: Value-Based Deep Reinforcement Learning Requires Explicit Regularization", 2022, book=ICLR,
           arxiv="2112.04716"),
    _paper("gogianu2021spectral",
           "Gogianu, Florin and Berariu, Tudor and Rosca, Mihaela C. and Clopath, Claudia and Busoniu, Lucian and "
           "Pascanu, Razvan",
           "Spectral Normalisation for Deep Reinforcement Learning: an Optimisation Perspective", 2021, book=ICML,
           arxiv="2105.05246"),
    _paper("palenicek2025scaling", "Palenicek, Daniel and Vogt, Florian and Watson, Joe and Peters, Jan",
           "Scaling Off-Policy Reinforcement Learning with Batch and Weight Normalization", 2025, arxiv="2502.07523"),
    _paper("hansen2024tdmpc2", "Hansen, Nicklas and Su, Hao and Wang, Xiaolong",
           "{TD-MPC2}: Scalable, Robust World Models for Continuous Control", 2024, book=ICLR, arxiv="2310.16828",
           marks=("TD-MPC2",)),
    _paper("tassa2018deepmind",
           "Tassa, Yuval and Doron, Yotam and Muldal, Alistair and Erez, Tom and Li, Yazhe and de Las Casas, Diego and "
           "Budden, David and Abdolmaleki, Abbas and Merel, Josh and Lefrancq, Andrew and Lillicrap, Timothy and "
           "Riedmiller, Martin",
           "{DeepMind} Control Suite", 2018, arxiv="1801.00690"),
    _paper("tunyasuvunakool2020dmcontrol",
           "Tunyasuvunakool, Saran and Muldal, Alistair and Doron, Yotam and Liu, Siqi and Bohez, Steven and Merel, "
           "Josh and Erez, Tom and Lillicrap, Timothy and Heess, Nicolas and Tassa, Yuval",
           "dm\\_control: Software and tasks for continuous control", 2020, journal="Software Impacts", volume="6",
           pages="100022", arxiv="2006.12983"),
    _paper("todorov2012mujoco", "Todorov, Emanuel and Erez, Tom and Tassa, Yuval",
           "{MuJoCo}: A physics engine for model-based control", 2012,
           book="IEEE/RSJ International Conference on Intelligent Robots and Systems", pages="5026--5033",
           doi="10.1109/IROS.2012.6386109"),
    _paper("agarwal2021deep",
           "Agarwal, Rishabh and Schwarzer, Max and Castro, Pablo Samuel and Courville, Aaron and Bellemare, Marc G.",
           "Deep Reinforcement Learning at the Edge of the Statistical Precipice", 2021, book=NEURIPS,
           arxiv="2108.13264"),
)
BY_KEY = {paper.key: paper for paper in PAPERS}

# What every table of divbench rests on: the algorithm, the protocols, the tasks, their simulator, the statistics.
SHARED = ("haarnoja2018applications", "doro2023sample", "hussing2024dissecting", "nikishin2022primacy",
          "tassa2018deepmind", "tunyasuvunakool2020dmcontrol", "todorov2012mujoco", "agarwal2021deep")
# The source of the unit in which resets are counted, for every scope of a reset.
_RESETS = {"updates": "doro2023sample", "env_steps": "nikishin2022primacy"}


def papers_named(text: str) -> tuple[Paper, ...]:
    """The papers that a citation in words means, in the order of `PAPERS`; none if it names none that is known."""
    return tuple(paper for paper in PAPERS if any(mark in text for mark in paper.marks))


def papers_of(variant: Variant) -> tuple[Paper, ...]:
    """The papers behind a variant, each once: those its record names, and the one that its resets are counted as in."""
    papers = papers_named(variant.citation)
    if variant.reset is not None:
        papers += (BY_KEY[_RESETS[variant.reset.unit]],)
    return tuple(dict.fromkeys(papers))


def bibtex(names: Sequence[str] = ()) -> str:
    """Entries of the papers behind the named variants, each once, after a comment that says which belong to which.

    Args:
      names: of variants, as `--variants` takes them; without any, what divbench's suites and protocols rest on.

    Returns:
      BibTeX with a line break at its end. A record of one's own whose citation names no known paper has a comment that
      holds that citation.

    Raises:
      UsageError: an unknown variant.
    """
    comments, papers = [], {}
    for variant in {variant.name: variant for variant in map(find_variant, names)}.values():
        behind = papers_of(variant)
        papers |= {paper.key: paper for paper in behind}
        what = ", ".join(paper.key for paper in behind) or f"no entry for: {_comment(variant.citation)}"
        comments.append(f"% {variant.name}: {what}\n")
    if not names:
        comments = ["% algorithm, protocols, tasks, simulator and statistics of divbench\n"]
        papers = {key: BY_KEY[key] for key in SHARED}
    return "\n".join(["".join(comments), *(paper.entry() for paper in papers.values())])


def _comment(text: str) -> str:
    """On one line, without the sign that would begin an entry."""
    return " ".join(text.replace("@", "(at)").split()) or "nothing is cited"
