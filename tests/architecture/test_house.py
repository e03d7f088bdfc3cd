"""The house keeps its rules, and each rule catches a planted violation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import grimp
import pytest

from tests.architecture import rules

ROOT = Path(__file__).resolve().parents[2]
Rule = Callable[[Path], list[str]]

PLANTED: list[tuple[Rule, str, str]] = [
    (rules.empty_names, "gateway/accounts/utils.py", ""),
    (rules.long_files, "gateway/accounts/long.py", "x = 1\n" * 401),
    (rules.borrowed_tables, "gateway/edge/limits.py", "from gateway.accounts.tables import Key\n"),
    (rules.borrowed_tables, "gateway/edge/limits.py", "from gateway.accounts import tables\n"),
    (rules.loose_queries, "gateway/accounts/queries.py", "async def all_keys(org_id):\n    ...\n"),
    (rules.loose_queries, "gateway/accounts/queries.py", "async def all_keys(tx):\n    ...\n"),
    (rules.bare_ignores, "gateway/app.py", "x = 1  # type: ignore\n"),
    (rules.bare_ignores, "gateway/app.py", "x = 1  # noqa: E501\n"),
    (rules.clock_and_id_bypasses, "gateway/app.py", "x = datetime.now(UTC)\n"),
    (rules.clock_and_id_bypasses, "gateway/app.py", "x = uuid4()\n"),
]
RULES = sorted({rule for rule, _, _ in PLANTED}, key=lambda rule: rule.__name__)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_is_kept(rule: Rule) -> None:
    assert rule(ROOT) == []


@pytest.mark.parametrize(("rule", "name", "text"), PLANTED, ids=lambda one: getattr(one, "__name__", None))
def test_a_planted_violation_is_caught(tmp_path: Path, rule: Rule, name: str, text: str) -> None:
    planted = tmp_path / name
    planted.parent.mkdir(parents=True)
    planted.write_text(text)
    assert len(rule(tmp_path)) >= 1


def test_every_shared_module_has_two_users() -> None:
    graph = grimp.build_graph(*rules.PACKAGES)
    assert rules.unshared_modules(graph) == []


def test_a_shared_module_with_one_user_is_caught() -> None:
    graph = grimp.ImportGraph()
    for module in ("shared", "shared.lonely", "gateway", "gateway.app"):
        graph.add_module(module)
    graph.add_import(importer="gateway.app", imported="shared.lonely")
    assert rules.unshared_modules(graph) == ["shared.lonely has ['gateway']"]
