"""The HTML around a page's data: one file with its styles and scripts inside, which asks nothing of a network.

The data stand in a `script` of type `application/json`, in which no character can end it or begin a tag. The page's
content security policy allows its own two scripts and styles by their hashes and nothing else, so that text which came
in with a result could not run even if it were ever taken for markup. What the scripts do is in `assets/`.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import json
from importlib import resources
from typing import Any

SCRIPTS = ("dom.js", "data.js", "scales.js", "chart.js", "readout.js", "curves.js", "tables.js", "verdicts.js",
           "lane.js", "card.js", "chooser.js", "page.js")  # in this order, one scope
LIBRARY, LIBRARY_STYLE, STYLE = "uPlot.iife.min.js", "uPlot.min.css", "page.css"
LICENCE = "uPlot.LICENSE.txt"


def make_document(payload: dict, raw: list[dict]) -> str:
    """The page as text.

    Args:
      payload: from `divbench.report.page.payload.make_payload`.
      raw: from `divbench.report.page.raw.raw_tables`.
    """
    styles, scripts = [asset(LIBRARY_STYLE), asset(STYLE)], [plot_library(), program()]
    policy = (f"default-src 'none'; img-src data:; style-src {_hashes(styles)}; script-src {_hashes(scripts)}; "
              f"base-uri 'none'; form-action 'none'")
    title = html.escape(f"divbench: {payload['title']}")
    return "\n".join([
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">', '<link rel="icon" href="data:,">',
        f"<title>{title}</title>", *(f"<style>{style}</style>" for style in styles), "</head>", "<body>",
        '<div id="page"></div>',
        "<noscript><p>This page draws its tables and curves with JavaScript. The same numbers are in "
        "summary.md, summary.csv and q.csv beside it.</p></noscript>",
        f'<script type="application/json" id="payload">{safe_json(payload)}</script>',
        f'<script type="application/json" id="raw">{safe_json(raw)}</script>',
        *(f"<script>{script}</script>" for script in scripts), "</body>", "</html>", ""])


def safe_json(value: Any) -> str:
    """JSON in ASCII without `<`, `>` and `&`, so that no text in it is markup."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


@functools.cache
def asset(name: str) -> str:
    """A file of `assets/`, as text."""
    return resources.files("divbench.report.page").joinpath("assets", name).read_text(encoding="utf-8")


def plot_library() -> str:
    """uPlot with its licence, as its licence asks."""
    return f"/*\n{asset(LICENCE).strip()}\n*/\n{asset(LIBRARY)}"


def program() -> str:
    """The page's own scripts as one."""
    return "(() => {\n\"use strict\";\n" + "\n".join(asset(name) for name in SCRIPTS) + "\n})();\n"


def _hashes(texts: list[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)
