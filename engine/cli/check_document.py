"""What `check` says of a file as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from engine.app.check import FileReport, RuleReport, example, shared_with
from engine.errors import InvalidDocumentError, InvalidInputError


def document_of(report: FileReport, rules: Sequence[RuleReport]) -> dict[str, object]:
    """Give all that there is to say about a good file; `rules` are all that are checked with it."""
    head: dict[str, object] = {"file": report.file, "good": True, "warnings": report.warnings}
    if rule := report.rule:
        params = {name: param.model_dump(exclude_none=True) for name, param in rule.params.items()}
        counted = {"expressions": rule.expressions, "values": len(rule.values), "shared": shared_with(rule, rules)}
        return {
            **head,
            "kind": "rule",
            "name": rule.name,
            "market": rule.market,
            "timeframe": rule.timeframe,
            "params": params,
            **counted,
            "computed": [asdict(computed) for computed in rule.computed],
            "candles": [asdict(needed) for needed in rule.needed],
            "warmup": rule.warmup,
            "warmup_causes": [{"text": text, "candles": candles} for text, candles in rule.causes],
            "conduct": [asdict(sentence) for sentence in rule.conduct],
            "messages": [{"action": p.action, "fields": list(p.fields)} for p in rule.messages],
            "example": example(Path(report.file)),
            "tests": rule.tests,
        }
    routes = [asdict(route) for route in report.routes]
    if config := report.config:
        about = {"mode": config.mode, "exchange": config.exchange.id, "state": config.state, "capital": config.capital}
        return {**head, "kind": "config", **about, "routes": routes}
    assert report.definition is not None  # noqa: S101 - one of the three is there
    written = report.definition.model_dump(mode="json", by_alias=True)
    return {**head, "kind": "backtest", **written, "strategy": routes[0]["file"], "rule": routes[0]}


def errors_of(path: Path, error: InvalidInputError) -> list[dict[str, object]]:
    """Give what is wrong with a file, an entry for each mistake; without a place where there is none."""
    if not isinstance(error, InvalidDocumentError):
        return [{"file": str(path), "line": None, "column": None, "message": str(error), "hint": ""}]
    return [
        {"file": p.place, "line": p.line, "column": p.column, "length": p.length, "message": p.message, "hint": p.hint}
        for p in error.problems
    ]
