"""`divbench cite`: every paper that variants and experiments name has an entry, and the entries are BibTeX."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.cli import citations
from divbench.cli.citations import BY_KEY, PAPERS, SHARED, bibtex, papers_named, papers_of
from divbench.experiments.catalogue import EXPERIMENTS
from divbench.spec.built_in import BUILT_IN
from divbench.spec.errors import UsageError
from divbench.spec.naming import find_variant
from divbench.spec.suites import SUITES

ARXIV = re.compile(r"\b\d{4}\.\d{4,5}\b")
FIELDS = {"article": {"author", "title", "journal", "year"}, "inproceedings": {"author", "title", "booktitle", "year"},
          "misc": {"author", "title", "year", "eprint", "archivePrefix"}}


def read_bibtex(text):
    """Entries as {key: (kind, fields)}; raises ValueError where BibTeX would complain. Outside of entries all is a
    comment."""
    entries, place = {}, 0
    while (place := text.find("@", place)) >= 0:
        head = re.compile(r"@(\w+)\{([^\s,{}]+),\s*").match(text, place)
        if not head:
            raise ValueError(f"no entry begins at {text[place:place + 30]!r}")
        kind, key = head.groups()
        fields, place = {}, head.end()
        while text[place] != "}":
            name = re.compile(r"(\w+)\s*=\s*\{").match(text, place)
            if not name or name[1] in fields:
                raise ValueError(f"{key}: no new field at {text[place:place + 30]!r}")
            depth, end = 1, name.end()
            while depth:
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
            fields[name[1]] = text[name.end():end - 1]
            place = re.compile(r",?\s*").match(text, end).end()
        if key in entries:
            raise ValueError(f"{key}: twice")
        entries[key] = kind, fields
    return entries


def cited(names):
    return set(read_bibtex(bibtex(names)))


def test_the_check_of_bibtex_can_fail():
    assert read_bibtex("% a comment\n@misc{a1,\n  title = {Of {DR3}},\n}\n") == {"a1": ("misc", {"title": "Of {DR3}"})}
    for broken in ("@misc{a, title = {x},}\n@misc{a, title = {y},}", "@misc{a, title = {x}, title = {y}}",
                   "@misc{a, title = x}", "name@place", "@misc{a title = {x}}"):
        with pytest.raises(ValueError):
            read_bibtex(broken)
    with pytest.raises(IndexError):
        read_bibtex("@misc{a, title = {x")


def test_the_file_is_bibtex_and_all_of_it_is_read():
    entries = read_bibtex(Path(citations.__file__).with_name("references.bib").read_text(encoding="utf-8"))
    for _, fields in entries.values():
        fields.pop("keywords", None)
    assert entries == {paper.key: (paper.kind, dict(paper.fields)) for paper in PAPERS}


def test_entries_are_complete_and_told_apart():
    entries = read_bibtex("".join(paper.entry() for paper in PAPERS))
    assert list(entries) == [paper.key for paper in PAPERS] == list(BY_KEY)
    for key, (kind, fields) in entries.items():
        assert FIELDS[kind] <= set(fields) and all(fields.values()), key
        assert re.fullmatch(r"[a-z]+(19|20)\d\d[a-z0-9]+", key) and fields["year"] in key
        names = fields["author"].split(" and ")
        assert all(re.fullmatch(r"[^,]+, [^,]+", name) for name in names) and len(names) == len(set(names))
        first = re.sub(r"[^a-z]", "", names[0].partition(",")[0].lower())
        assert key.startswith(first), f"{key} is not of {first}"
        assert fields.get("archivePrefix", "arXiv") == "arXiv" and ("eprint" in fields) == ("archivePrefix" in fields)
        if "eprint" in fields:
            # An arXiv number begins with the month in which it was given; a paper appears then or later.
            assert ARXIV.fullmatch(fields["eprint"]) and 2000 + int(fields["eprint"][:2]) <= int(fields["year"])
        assert not re.search(r"(?<!\\)[&%#_]|[^\x00-\x7f]", fields["author"] + fields["title"]), key
    marks = [mark for paper in PAPERS for mark in paper.marks]
    assert len(marks) == len(set(marks))


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_variant_is_cited(name):
    text = BUILT_IN[name].citation
    for part in text.split("; "):
        assert papers_named(part), f"{part}: no entry"
    assert set(ARXIV.findall(text)) <= {mark for paper in papers_of(BUILT_IN[name]) for mark in paper.marks}
    assert cited([name]) == {paper.key for paper in papers_of(BUILT_IN[name])}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_source_of_an_experiment_has_an_entry(name):
    source = EXPERIMENTS[name].source
    found = papers_named(source)
    assert found and set(ARXIV.findall(source)) <= {mark for paper in found for mark in paper.marks}


def test_every_entry_is_reached():
    texts = [variant.citation for variant in BUILT_IN.values()] + [e.source for e in EXPERIMENTS.values()]
    reached = {paper.key for text in texts for paper in papers_named(text)}
    assert reached | set(SHARED) == set(BY_KEY)


@pytest.mark.parametrize(("name", "keys"), [
    ("baseline", {"haarnoja2018applications"}),
    ("critic_lr=0.003", {"haarnoja2018applications"}),
    ("ofn", {"hussing2024dissecting"}),
    ("ofn+actor-reset", {"hussing2024dissecting", "doro2023sample"}),
    ("ofn-reset", {"hussing2024dissecting", "doro2023sample"}),
    ("reset+ofn", {"hussing2024dissecting", "doro2023sample"}),
    ("reset-200k", {"nikishin2022primacy"}),
    ("reset-100k-steps", {"nikishin2022primacy", "doro2023sample"}),
    ("layernorm+wd=0.001", {"yue2023understanding", "loshchilov2019decoupled", "hussing2024dissecting"}),
    ("batchnorm+weight-norm", {"bhatt2024crossq", "palenicek2025scaling"}),
    ("hard-target", {"mnih2015human"}),
])
def test_known_answers(name, keys):
    assert cited([name]) == keys


def test_comments_say_which_belong_to_which():
    told = bibtex(["dropout=0.1", "reset-2.56M-updates", "reset"])
    assert told.startswith("% dropout=0.1: hussing2024dissecting, hiraoka2022dropout\n% reset: doro2023sample\n\n@")
    assert told.endswith("}\n") and "\n\n\n" not in told


def test_without_names_what_all_rests_on():
    assert tuple(read_bibtex(bibtex())) == tuple(read_bibtex(bibtex([]))) == SHARED
    for suite in SUITES.values():
        assert {paper.key for paper in papers_named(suite.summary)} <= set(SHARED)


@settings(max_examples=30, deadline=None)
@given(names=st.lists(st.sampled_from([*BUILT_IN, "ofn+reset", "wd=0.1"]), min_size=1, max_size=5, unique=True))
def test_several_names_cite_what_each_cites_once(names):
    assert cited(names) == set().union(*(cited([name]) for name in names))
    assert cited(names) == cited(names[::-1])


def test_an_unknown_name_is_refused():
    with pytest.raises(UsageError, match="unknown variant 'ofm'.*did you mean 'ofn'"):
        bibtex(["ofn", "ofm"])


def test_a_record_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "cited_mine.py").write_text(
        "from divbench.spec.variants import Reset, Variant\n"
        "own = Variant('own', 'a thing', 'me@example.org,\\nthis year')\n"
        "known = Variant('mixed', 'a thing', 'me, after Hussing et al., 2403.05996', reset=Reset(5))\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert bibtex(["cited_mine:own"]) == "% own: no entry for: me(at)example.org, this year\n"
    assert cited(["cited_mine:known"]) == {"hussing2024dissecting", "doro2023sample"}
    assert {paper.key for paper in papers_of(find_variant("ofn+cited_mine:own"))} == {"hussing2024dissecting"}
