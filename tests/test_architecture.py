"""A step imports only the leaves; the rooms stay small."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "chaoyang_geo"
LEAVES = {
    "schema", "codes", "rounding", "crs", "datum", "names", "standards", "files", "reasons", "bounds",
    "periods", "verdicts", "flags", "shapes", "loops", "edges", "capping",
}  # fmt: skip
USES_ALL = {
    "cli",
    "cli_readings",
    "cli_parts",
    "cli_assess",
    "cli_geo",
    "cli_screen",
    "cli_screen_writing",
    "cli_zones",
    "cli_ways",
    "__init__",
    "report",
}
# a leaf may use these other leaves
BELOW = {
    "schema": set(),
    "codes": set(),
    "rounding": set(),
    "crs": {"schema"},
    "datum": {"schema", "crs", "rounding"},
    "files": set(),
    "standards": {"schema"},
    "names": {"schema", "files"},
    "reasons": {"schema", "standards"},
    "bounds": {"schema", "codes", "standards"},
    "loops": set(),
    "periods": {"schema", "codes", "standards", "rounding", "loops"},
    "verdicts": set(),
    "edges": {"crs"},
    "flags": {"verdicts"},
    "capping": {"schema", "verdicts", "flags"},
    "shapes": {"codes", "loops"},
}


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("chaoyang_geo"):
            parts = node.module.split(".")
            yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from [
                a.name.split(".")[1] for a in node.names if a.name.startswith("chaoyang_geo.")
            ]


def test_a_step_imports_only_the_leaves():
    for path in PACKAGE.rglob("*.py"):
        name = room(path)
        if name in USES_ALL:
            continue
        allowed = BELOW.get(name, LEAVES) | {name}
        strangers = set(imported_rooms(path)) - allowed
        assert not strangers, f"{path.relative_to(PACKAGE)} imports {strangers}"


def test_no_prints_asserts_or_bare_excepts():
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', 0)}"
            assert not isinstance(node, ast.Assert), where
            is_print = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
            assert not is_print, where
            assert not (isinstance(node, ast.ExceptHandler) and node.type is None), where


def test_no_room_is_larger_than_600_lines():
    for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.js")]:
        lines = path.read_text(encoding="utf-8").count("\n")
        assert lines <= 600, f"{path.relative_to(PACKAGE)} has {lines} lines: split it by question"


def test_nothing_is_fetched_from_a_network():
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            for name in names:
                assert name.split(".")[0] not in {"requests", "urllib", "httpx", "socket"}, path
