"""The rules of the house as functions of a folder, so that each can be shown a planted violation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import grimp

PACKAGES = ("gateway", "ingest_service", "analysis_service", "loop_service", "local_stack", "shared")
NAMES_THAT_SAY_NOTHING = {"service", "utils", "util", "models", "helpers", "helper", "common", "manager", "misc"}
LONGEST_FILE = 400


def sources(root: Path, *, tests: bool = False) -> Iterator[Path]:
    """Python files of the product (and of the tests)."""
    for package in (*PACKAGES, "tests", "benchmarks") if tests else PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path


def empty_names(root: Path) -> list[str]:
    """Files whose name does not say what they know."""
    return [str(path.relative_to(root)) for path in sources(root, tests=True) if path.stem in NAMES_THAT_SAY_NOTHING]


def long_files(root: Path) -> list[str]:
    """Product files over LONGEST_FILE lines."""
    return [
        f"{path.relative_to(root)}: {count} lines"
        for path in sources(root)
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    ]


def borrowed_tables(root: Path) -> list[str]:
    """Imports of a slice's `tables` from outside that slice."""
    found = []
    for path in sources(root):
        here = path.relative_to(root).parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = []
            if isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            for module in modules:
                parts = module.split(".")
                if len(parts) == 3 and parts[2] == "tables" and parts[0] in PACKAGES and tuple(parts[:2]) != here[:2]:
                    found.append(f"{path.relative_to(root)} imports {module}")
    return sorted(set(found))


def loose_queries(root: Path) -> list[str]:
    """Public functions of a `queries.py` that do not take a transaction first and the organisation."""
    found = []
    for path in sources(root):
        if path.name != "queries.py":
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            args = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            takes_transaction = bool(args) and args[0] in {"tx", "batch"}
            if not takes_transaction or not any(re.fullmatch(r"org_ids?|caller|events|rows", arg) for arg in args):
                found.append(f"{path.relative_to(root)}:{node.lineno} {node.name}({', '.join(args)})")
    return found


def bare_ignores(root: Path) -> list[str]:
    """`type: ignore` and `noqa` without a code and a reason on the same line."""
    reasoned = re.compile(r"#\s*(type: ignore\[[\w, -]+\]|noqa: [\w, ]+)\s+(#|-)\s*\S+")
    any_ignore = re.compile(r"#\s*(type: ignore|noqa)\b")
    return [
        f"{path.relative_to(root)}:{number}"
        for path in sources(root, tests=True)
        if "architecture" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if any_ignore.search(line) and not reasoned.search(line)
    ]


def clock_and_id_bypasses(root: Path) -> list[str]:
    """Calls that take time or ids from elsewhere than the one clock and the one function."""
    bypass = re.compile(r"datetime\.(now|utcnow)\(|\btime\.time\(|\buuid[147]\(")
    allowed = {"shared/foundation/clock.py", "shared/foundation/ids.py"}
    return [
        f"{path.relative_to(root)}:{number}"
        for path in sources(root)
        if str(path.relative_to(root)) not in allowed and "local_stack" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if bypass.search(line.split("#")[0])
    ]


def unshared_modules(graph: grimp.ImportGraph) -> list[str]:
    """Modules of `shared` that fewer than two packages reach; contracts have a reader and a writer by their nature."""
    lonely = []
    for module in sorted(graph.find_descendants("shared")):
        if graph.find_children(module):
            continue
        users = {
            one.split(".")[0]
            for one in graph.find_upstream_modules(module) | graph.find_downstream_modules(module)
            if not one.startswith("shared")
        }
        if len(users & set(PACKAGES)) < 2 and not module.startswith("shared.contracts."):
            lonely.append(f"{module} has {sorted(users & set(PACKAGES)) or 'no users'}")
    return lonely
