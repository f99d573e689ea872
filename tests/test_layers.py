"""The plan of the house: who may import whom, what stays out of sight until it is used, and which rooms are pure."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import kodata

HOUSE = Path(kodata.__file__).parent

# DESIGN, section 3, with the modules there are. A module imports from rows above its own, or from its own package.
ROWS = (
    ("errors", "korean", "events", "files", "kinds", "tokens", "accounts"),
    ("corpus", "asks", "glossary", "memory", "shield", "prices", "licences", "shards", "tasks", "twins"),
    ("alignment",),
    ("rules", "leaks", "gates"),
    ("sources", "stages", "providers", "ledger", "snapshots", "workspace"),
    ("splits",),
    ("answering", "pipeline", "benchmarks"),
    ("quote",),
    ("walk", "publish", "published", "findings"),
    ("differences",),
    ("history",),
    ("pairing", "thresholds", "explaining"),
    ("exports",),
    ("pushing",),
    ("redo",),
    ("building", "auditing"),
    ("planning", "comparing"),
    ("refreshing",),
    ("show",),
    ("library", "alone", "inspecting"),
    ("cli",),
    ("__main__",),
)
ROW = {room: n for n, row in enumerate(ROWS) for room in row}

HEAVY = {
    "openai",
    "bpe_openai",
    "deepl",
    "datasets",
    "pandas",
    "langdetect",
    "jsonschema",
    "huggingface_hub",
    "httpx2",
    "bs4",
    "markdownify",
}
PURE = (
    "stages", "twins", "leaks", "rules", "corpus", "korean", "glossary", "kinds", "memory", "shield", "tasks", "asks",
    "alignment", "gates",
)  # fmt: skip
IMPURE_MODULES = {
    "os", "io", "pathlib", "shutil", "tempfile", "glob", "sqlite3", "socket", "subprocess", "urllib", "http",
    "requests", "time", "datetime", "random", "secrets", "uuid", "locale",
}  # fmt: skip
IMPURE_CALLS = {"open", "print", "input", "exec", "eval"}
IMPURE_METHODS = ("read_", "write_", "scan_", "sink_")


def name_of(path: Path) -> str:
    """`kodata/show/rich.py` is `kodata.show.rich`, `kodata/show/__init__.py` is `kodata.show`."""
    parts = path.relative_to(HOUSE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(HOUSE.rglob("*.py"))}


def room(module: str) -> str:
    """The file or package right below kodata that a module belongs to; `__init__` for kodata itself."""
    return [*module.split("."), "__init__"][1]


def nodes(tree: ast.AST, *, into_functions: bool = True) -> Iterator[ast.AST]:
    """All nodes but what stands under `if TYPE_CHECKING:`."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            continue
        if not into_functions and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        yield child
        yield from nodes(child, into_functions=into_functions)


def imports(module: str, *, into_functions: bool = True) -> set[str]:
    """The modules that a module imports, by their full names; `from kodata.show import lines` is kodata.show.lines."""
    found = set()
    for node in nodes(TREES[module], into_functions=into_functions):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in TREES else str(node.module) for name in inner}
    return found


def within(modules: set[str]) -> set[str]:
    return {module for module in modules if module.split(".")[0] == "kodata"}


def test_every_module_has_its_row() -> None:
    assert {room(module) for module in TREES} - {"__init__"} <= set(ROW)


@pytest.mark.parametrize("module", [module for module in TREES if module != "kodata"])
def test_a_module_imports_only_from_rows_above_its_own(module: str) -> None:
    own = room(module)
    wrong = {other for other in within(imports(module)) if room(other) != own and ROW[room(other)] >= ROW[own]}
    assert wrong == set()


def test_the_package_itself_imports_nothing_of_kodata_before_it_is_used() -> None:
    assert within(imports("kodata")) == set()


def test_no_module_imports_itself_by_a_detour() -> None:
    graph = {module: within(imports(module)) - {module} for module in TREES}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the cycle


@pytest.mark.parametrize("module", TREES)
def test_no_module_imports_a_heavy_library_before_it_is_used(module: str) -> None:
    first = {name.split(".")[0] for name in imports(module, into_functions=False)}
    assert first & HEAVY == set()


def test_no_heavy_library_is_loaded_by_importing_every_module() -> None:
    modules = ", ".join(module for module in TREES if module != "kodata.__main__")
    code = f"import sys, {modules}; print(sorted(set({sorted(HEAVY)}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_langdetect_is_imported_by_korean_alone() -> None:
    assert [m for m in TREES if any(name.split(".")[0] == "langdetect" for name in imports(m))] == [
        "kodata.korean.detection"
    ]


@pytest.mark.parametrize("module", [module for module in TREES if room(module) in PURE])
def test_a_pure_room_imports_nothing_that_reaches_outside(module: str) -> None:
    assert {name.split(".")[0] for name in imports(module)} & (IMPURE_MODULES | {"deepl", "openai", "httpx2"}) == set()


@pytest.mark.parametrize("module", [module for module in TREES if room(module) in PURE])
def test_a_pure_room_reads_and_writes_no_file(module: str) -> None:
    called = [node.func for node in ast.walk(TREES[module]) if isinstance(node, ast.Call)]
    names = {func.id for func in called if isinstance(func, ast.Name)}
    methods = {func.attr for func in called if isinstance(func, ast.Attribute)}
    assert names & IMPURE_CALLS | {name for name in methods if name.startswith(IMPURE_METHODS)} == set()
