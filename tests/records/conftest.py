"""Rows that fit the schema, and a picture of a folder's bytes."""

import hashlib

import pytest

from divbench.records.dialects.importing import import_results
from divbench.records.dialects.request import ImportRequest
from divbench.records.schema import INTEGER, TABLES, TEXT


@pytest.fixture
def make_row():
    """`make_row(table, **values)`: a row of the table, unnamed columns filled by kind."""

    def make(table, **values):
        row = {"utd": "1", "task": "cheetah-run", **values}
        for column in TABLES[table]:
            row.setdefault(column.name, "" if column.kind == TEXT else 0 if column.kind == INTEGER else 0.0)
        return row

    return make


@pytest.fixture
def picture():
    """`picture(folder)`: every path below it with the SHA-256 of its bytes."""

    def take(folder):
        return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
                if path.is_file() else "folder" for path in sorted(folder.rglob("*"))}

    return take


@pytest.fixture
def put(tmp_path):
    """`put(name, text)`: a file below the folder `in`."""

    def write(name, text):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def take(tmp_path):
    """`take(path, ...)`: import with action repeat 2 into a new folder."""

    def run(*paths, **fields):
        fields = {"action_repeat": 2, "steps_are": "env", "out": str(tmp_path / "out")} | fields
        return import_results(ImportRequest(tuple(map(str, paths)), **fields))

    return run
