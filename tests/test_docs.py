"""What the documents say can be followed: links, anchors, commands, make targets, code; and the README stays short."""

import importlib
import inspect
import re
import shlex
import sys
import tomllib
import types
from pathlib import Path

import pytest

import divbench
from divbench import cli, envs
from divbench.cli import dispatch, settings_page, table
from divbench.cli.argument import read_request
from divbench.cli.config import read_spec
from divbench.report import compare
from divbench.spec.errors import UsageError
from divbench.spec.naming import find_variant
from divbench.spec.settings import DECLARED
from divbench.spec.variants import Variant

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
# Shown before the command line knows them; once it does, their lines are checked like all others.
COMING = {"compare", "import", "export", "watch", "cite"} - set(table.COMMANDS)

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<code>.*?)^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!`)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


def prose(text):
    """The text without code blocks and spans: what looks like a link or heading there is none."""
    return re.sub(r"`[^`\n]*`", "``", FENCE.sub("", text))


def anchor(heading):
    """The anchor of a heading: its words in lower case, joined by hyphens. Code hosts and the site's builder agree on
    it as long as no two hyphens meet."""
    plain = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower())
    return plain.strip().replace(" ", "-")


def anchors(page):
    return {anchor(heading) for heading in HEADING.findall(FENCE.sub("", page.read_text()))}


def links(text):
    """Targets of all links and pictures that stay in the repository."""
    found = [match["target"] for match in LINK.finditer(prose(text))]
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def broken(text, page):
    """The links of a page's text that lead nowhere."""
    wrong = []
    for target in links(text):
        path, _, fragment = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        known = place.suffix == ".md" and place.is_file()
        if not place.exists() or (fragment and not (known and fragment in anchors(place))):
            wrong.append(target)
    return wrong


def blocks(text, *languages):
    """Code blocks without their indentation, of the languages named; one without a language is a shell's."""
    for match in FENCE.finditer(text):
        if match["language"] in languages:
            width = len(match["indent"])
            yield "".join(line[width:] for line in match["code"].splitlines(keepends=True))


def shell_lines(text):
    """The commands of shell blocks as words: continued lines joined, comments and a prompt gone."""
    for code in blocks(text, "", "sh", "bash", "console"):
        for line in code.replace("\\\n", " ").splitlines():
            try:
                words = shlex.split(line.removeprefix("$ "), comments=True)
            except ValueError:  # not a command: a drawing, an excerpt of output
                continue
            while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
                words = words[1:]
            yield words


def commands(text, program):
    """The words after `program` in every command that calls it, by name or by a path that ends in it."""
    for words in shell_lines(text):
        if words and (words[0] == program or words[0].endswith(f"/bin/{program}")):
            rest = words[1:]
            stop = next((place for place, word in enumerate(rest) if word in ("|", "&&", ";", ">", "&")), len(rest))
            yield rest[:stop]


def command_lines(program):
    return [pytest.param(words, id=f"{name}: {' '.join(words)}"[:110])
            for name, page in zip(NAMES, PAGES, strict=True) for words in commands(page.read_text(), program)]


def test_the_reading_of_pages():
    text = ("# The `mjx` and *all* of it\n[a](b.md#c) `[no](x.md)` ![p](q.png) [w](https://x.org)\n"
            "```\n$ MUJOCO_GL=egl .venv/bin/divbench run --suite smoke \\\n    --utd 1  # [no](y.md)\n"
            "make test X=1\n```\n  ```python\n  x = 1\n  ```\n")
    assert links(text) == ["b.md#c", "q.png"]
    assert anchor("The `mjx` and *all* of it") == "the-mjx-and-all-of-it"
    assert list(commands(text, "divbench")) == [["run", "--suite", "smoke", "--utd", "1"]]
    assert list(commands(text, "make")) == [["test", "X=1"]]
    assert list(blocks(text, "python")) == ["x = 1\n"]


def test_a_link_to_nowhere_is_found(tmp_path):
    page, other = tmp_path / "page.md", tmp_path / "other.md"
    other.write_text("# Here\n```\n# Not here\n```\n")
    text = "[a](other.md) [b](other.md#here) [c](other.md#not-here) [d](gone.md) [e](#own) [f](#none)\n\n## Own\n"
    page.write_text(text)
    assert broken(text, page) == ["other.md#not-here", "gone.md", "#none"]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page):
    assert broken(page.read_text(), page) == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_anchors_are_the_same_everywhere(page):
    """Two headings of one name, or a heading whose marks leave two hyphens, have other anchors in the site."""
    found = [anchor(heading) for heading in HEADING.findall(FENCE.sub("", page.read_text()))]
    linked = {target.partition("#")[2] for other in PAGES for target in links(other.read_text())
              if "#" in target and (not target.partition("#")[0] or target.partition("#")[0].endswith(page.name))}
    assert not [name for name in linked & set(found) if found.count(name) > 1 or "--" in name]


def test_pages_of_the_site_link_to_pages_of_the_site():
    """What lies outside of docs/ is not part of the built site."""
    docs = ROOT / "docs"
    outside = {(page.name, target) for page in docs.glob("*.md") for target in links(page.read_text())
               if not (page.parent / target.partition("#")[0]).resolve().is_relative_to(docs)}
    assert not outside


def test_the_navigation_names_every_page_once():
    text = (ROOT / "mkdocs.yml").read_text()
    listed = re.findall(r": (\w+\.md)$", text[text.index("\nnav:"):], re.MULTILINE)
    assert sorted(listed) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("words", command_lines("divbench"))
def test_every_command_shown_is_one(words, monkeypatch, capsys, tmp_path):
    """The command line takes it, and what a run, a claim, a metric or a citation names is there. Nothing is carried
    out."""
    if words and words[0] in COMING:
        pytest.skip(f"the command line does not know '{words[0]}' yet")
    read, seen = dispatch.parse, []
    monkeypatch.setattr(dispatch, "parse", lambda flags, rest: seen.append(read(flags, rest)))
    assert cli.main(words) == 0, capsys.readouterr().err
    given = next((one for one in seen if one is not None), None)
    if given is None:  # help, or the version
        return
    if words[0] in ("run", "plan", "compile"):
        monkeypatch.chdir(tmp_path)
        for module, name, fields in (("mine", "variant", {"settings": {"gamma": 0.4}}),
                                     ("residual", "simba", {"settings": {"gamma": 0.8}}),
                                     ("capped", "td3", {"settings": {"gamma": 0.6}}),
                                     ("layered", "layered", {"settings": {"gamma": 0.7}}),
                                     ("tuned", "lion", {"settings": {"tau": 0.5}}),
                                     ("sweep", "reg", {"losses": ("math:sin",), "number": 1.0})):
            stub = types.ModuleType(module)
            setattr(stub, name, Variant(module, "an example", "you", **fields))
            monkeypatch.setitem(sys.modules, module, stub)
        of_the_run = {key: value for key, value in given.items() if key not in ("rate", "config", "target", "programs")}
        read_spec(of_the_run, None)
    elif words[0] == "reproduce":
        read_request(table.EVERY["reproduce"], given)
    elif words[0] == "explain" and "metric" in given:
        from divbench.report.explain import explain

        assert explain(given["metric"])
    elif words[0] == "cite":
        for name in words[1].split(",") if words[1:] else ():
            find_variant(name)


def test_a_wrong_command_is_found(monkeypatch, capsys):
    with pytest.raises(AssertionError, match="unknown flag '--sede'"):
        test_every_command_shown_is_one(["run", "--sede", "1"], monkeypatch, capsys, ROOT)


def test_a_wrong_name_is_found(monkeypatch, capsys, tmp_path):
    with pytest.raises(UsageError, match="unknown variant 'ofm'"):
        test_every_command_shown_is_one(["run", "--variants", "ofm"], monkeypatch, capsys, tmp_path)


@pytest.mark.parametrize("words", command_lines("make"))
def test_every_make_target_shown_is_one(words):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {word for word in words if "=" not in word} <= targets


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_code_is_code(page):
    """Python and TOML shown can be read as such; what it does is tested elsewhere."""
    for code in blocks(page.read_text(), "python"):
        compile(code if not re.match(r'"[^"]+":', code) else f"{{{code}}}", page.name, "exec")
    for code in blocks(page.read_text(), "toml"):
        tomllib.loads(code)


def test_the_readme_names_every_command():
    rows = re.findall(r"^\| (`divbench .*?) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    named = {match for row in rows for match in re.findall(r"`divbench ([a-z]+)", row)}
    assert set(table.COMMANDS) <= named <= set(table.COMMANDS) | COMING


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) < 120


def test_pictures_are_small_and_shown():
    shown = {page: {(page.parent / target).resolve() for target in links(page.read_text())} for page in PAGES}
    pictures = {path.resolve() for path in (ROOT / "docs" / "images").iterdir() if path.is_file()}
    assert pictures <= set().union(*shown.values())
    assert all(picture.stat().st_size < 1_000_000 for picture in pictures)
    first = [picture for picture in shown[ROOT / "README.md"] & pictures]
    assert len(first) == 1 and first[0].stat().st_size < 200_000


def test_the_page_of_settings_is_that_of_the_declarations():
    """`python -m divbench.cli.settings_page > docs/settings.md` makes it again."""
    assert (ROOT / "docs" / "settings.md").read_text() == settings_page.page()


@pytest.mark.parametrize(("place", "names"), [
    ("divbench", divbench.__all__), ("divbench.envs", envs.__all__), ("divbench.report.compare", compare.__all__)])
def test_the_public_names_are_those_of_the_page(place, names):
    text = (ROOT / "docs" / "api.md").read_text()
    section = re.search(rf"^## `{re.escape(place)}`\n(.*?)(?=^## )", text, re.M | re.S)[1]
    assert sorted(re.findall(r"^\| `(\w+)` \|", section, re.M)) == sorted(names)


PUBLIC = [(place, name) for place, module in (("divbench", divbench), ("divbench.envs", envs),
                                              ("divbench.report.compare", compare))
          for name in module.__all__ if callable(getattr(module, name))]


@pytest.mark.parametrize(("place", "name"), PUBLIC)
def test_the_docstring_of_a_public_name_names_its_arguments(place, name):
    found = getattr(importlib.import_module(place), name)
    said = inspect.getdoc(found)
    assert said and said != inspect.getdoc(object)
    if isinstance(found, type) and issubclass(found, Exception):
        return
    # The settings of the learner are declared, each with its meaning, and listed on a page.
    listed = DECLARED if found is divbench.SACSettings else ()
    unsaid = [argument for argument in inspect.signature(found).parameters
              if argument not in listed and not re.search(rf"\b{argument}\b", said)]
    assert not unsaid


@pytest.mark.parametrize(("place", "name"), PUBLIC)
def test_the_methods_of_a_public_class_have_types(place, name):
    found = getattr(importlib.import_module(place), name)
    methods = [found] if not isinstance(found, type) else [
        method for key, method in vars(found).items() if inspect.isfunction(method) and not key.startswith("_")]
    for method in methods:
        arguments = [argument for argument in inspect.signature(method).parameters if argument != "self"]
        assert not set([*arguments, "return"]) - method.__annotations__.keys(), method


def test_the_versions_of_python_are_those_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    said = re.findall(r"^\| (3\.\d+) \|", (ROOT / "docs" / "support.md").read_text(), re.M)
    assert project["requires-python"] == f">={said[0]}"
    assert set(said) >= {line.split(" :: ")[-1] for line in project["classifiers"] if "Python :: 3." in line}
