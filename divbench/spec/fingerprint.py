"""A hash of the code behind a function or class: its source, and that of everything it names in its own file.

Comments, blank lines and layout do not enter; what the file imports enters by the text of its import, not by what lies
behind it. Where a name is not defined by one statement of the file's top level, the whole file counts.
"""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from types import ModuleType

DIGITS = 12


def fingerprint(module: ModuleType, name: str) -> str:
    """`DIGITS` hexadecimal digits of what the object `name` of a module is made of; of nothing, where the module has no
    source file."""
    path = getattr(module, "__file__", None)
    source = Path(path).read_bytes() if path and Path(path).suffix == ".py" else b""
    return hashlib.sha256(_parts(source, name)).hexdigest()[:DIGITS]


def _parts(source: bytes, name: str) -> bytes:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return source  # it was imported, so an older text of the file was sound
    defined: dict[str, ast.stmt] = {}
    always, twice = [], set()
    for statement in tree.body:
        names = _defines(statement)
        if names is None:
            return ast.dump(tree).encode()
        twice |= {own for own in names if own in defined}
        defined |= dict.fromkeys(names, statement)
        if not names and not _says_nothing(statement):
            always.append(statement)  # it may do anything, to any of the others
    if name not in defined:
        return ast.dump(tree).encode()
    kept: dict[int, ast.stmt] = {id(statement): statement for statement in always}
    wanted, seen = [name, *(own for statement in always for own in _reads(statement))], set()
    while wanted:
        own = wanted.pop()
        if own in seen or own not in defined:
            continue
        if own in twice:
            return ast.dump(tree).encode()
        seen.add(own)
        kept[id(defined[own])] = defined[own]
        wanted += _reads(defined[own])
    return "\n".join(ast.dump(statement) for statement in tree.body if id(statement) in kept).encode()


def _defines(statement: ast.stmt) -> list[str] | None:
    """The names that a statement of the top level binds; None where that cannot be known."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [statement.name]
        case ast.Import() | ast.ImportFrom():
            names = [alias.asname or alias.name.partition(".")[0] for alias in statement.names]
            return None if "*" in names else names
        case ast.Assign() | ast.AnnAssign():
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            found = [target for whole in targets
                     for target in (whole.elts if isinstance(whole, ast.Tuple | ast.List) else [whole])]
            names = [target.id for target in found if isinstance(target, ast.Name)]
            return names if len(names) == len(found) else None
        case ast.Expr():
            return []
        case ast.If() if _is_main(statement):
            return []
    return None


def _is_main(statement: ast.If) -> bool:
    return ast.dump(statement.test) == ast.dump(ast.parse('__name__ == "__main__"', mode="eval").body)


def _says_nothing(statement: ast.stmt) -> bool:
    """A docstring, or what only runs as a script."""
    return isinstance(statement, ast.If) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))


def _reads(statement: ast.stmt) -> list[str]:
    return [node.id for node in ast.walk(statement) if isinstance(node, ast.Name)]
