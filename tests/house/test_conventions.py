"""What import-linter and ruff can't see of the house's rules: sizes, names, and logic without a clock or I/O."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("contracts", "operators", "models", "dataflows")
PURE = ("contracts", "operators")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))

FILE_LINES = 300
FUNCTION_LINES = 45
VAGUE_MODULES = {"utils", "util", "common", "helpers", "misc"}
VAGUE_CLASS = re.compile(r"(Manager|Handler|Helper|Utils?)$")
WORLD = {"now", "utcnow", "today", "open", "print", "input", "read_text", "read_bytes", "write_text", "write_bytes"}
"""Names of calls by which a clock, a file or a terminal would come in."""


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_files_and_functions_are_small(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= FILE_LINES
    for function in _functions(ast.parse(text)):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        assert lines <= FUNCTION_LINES, f"{function.name} has {lines} lines"


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_names_say_what_a_thing_is(path: Path) -> None:
    assert path.stem not in VAGUE_MODULES
    tree = ast.parse(path.read_text())
    assert not [
        node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and VAGUE_CLASS.search(node.name)
    ]
    assert "process" not in {function.name for function in _functions(tree)}


@pytest.mark.parametrize("path", [path for path in FILES if path.relative_to(ROOT).parts[0] in PURE], ids=_name)
def test_pure_logic_has_no_clock_and_no_files(path: Path) -> None:
    calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    called = {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}
    assert not called & WORLD
