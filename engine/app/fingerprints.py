"""What strategies were backtested with: the file fingerprints.json beside the rule files, written and compared here.

A backtest keeps what the rule's indicators give; `run` refuses to trade where they give something else. The file
belongs with the rule files: commit it, and take it along with them.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, RootModel, ValidationError

from engine.errors import InvalidInputError, RefusedError
from engine.rules import Rule
from engine.rules.fingerprint import Fingerprint, differences, fingerprint

if TYPE_CHECKING:
    from engine.config import RunConfig
    from engine.live import RouteSpec

FILE = "fingerprints.json"


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rule_sha256: str
    values: dict[str, list[float | None]]


class _File(RootModel[dict[str, _Kept]]):
    pass


def keep(path: Path, rule: Rule, now: Fingerprint) -> list[str]:
    """Write down that the rule file at `path` was backtested with these values. Gives what a person should know.

    Values of calls that were backtested before, with other parameters, stay until the rule file changes.
    Errors: InvalidInputError where the file that is there cannot be read.
    """
    file, before = _find(path)
    changed = [f"{path}: indicators changed since the last backtest: {line}" for line in _changes(before, now)]
    try:
        _write(file, path.name, rule, now, before)
    except OSError as error:
        return [*changed, f"{file}: not written ({error.strerror}); `run` cannot compare with this backtest"]
    return changed


def check(
    path: Path,
    rule: Rule,
    params: Mapping[str, float] | None = None,
    *,
    accept: bool = False,
    write: bool = True,
) -> list[str]:
    """Compare what the rule's indicators give with what they gave in its backtest. Gives what a person should know.

    Calls that no backtest has met are kept (`write`) as they are now, so that later starts compare.
    Errors: RefusedError naming each call that differs, unless `accept`: then the new values are kept instead.
    """
    file, before = _find(path)
    now = fingerprint(rule.plan(params), rule.timeframe)
    different = _changes(before, now)
    if different and not accept:
        raise RefusedError(
            "\n".join(f"{path}: not what was backtested: {line}" for line in different)
            + f"\nthe installed libraries compute otherwise than those of the backtest ({file}); install those again, "
            "or backtest again and look at the result, or add --accept-fingerprint to trade with the new values"
        )
    notes = [f"{path}: accepted: {line}" for line in different]
    unknown = [text for text in now if before is None or text not in before.values]
    if unknown:
        notes.append(f"{path}: never backtested here with these values: {', '.join(unknown)}")
    if write and (different or unknown):
        try:
            _write(file, path.name, rule, now, before)
        except OSError as error:
            notes.append(f"{file}: not written ({error.strerror}); the next start cannot compare with this one")
    return notes


def check_routes(
    config: RunConfig, specs: Sequence[RouteSpec], *, accept: bool = False, write: bool = True
) -> list[str]:
    """Do `check` for every route of a config. Errors: RefusedError with what is wrong in any of them."""
    notes: list[str] = []
    refused: list[str] = []
    for route, spec in zip(config.routes, specs, strict=True):
        try:
            notes += check(Path(route.strategy), spec.rule, spec.params, accept=accept, write=write)
        except RefusedError as error:
            refused.append(str(error))
    if refused:
        raise RefusedError("\n".join(refused))
    return notes


def _changes(before: _Kept | None, now: Fingerprint) -> list[str]:
    return [] if before is None else differences(before.values, now)


def _find(path: Path) -> tuple[Path, _Kept | None]:
    file = path.parent / FILE
    return file, _read(file).get(path.name)


def _read(file: Path) -> dict[str, _Kept]:
    try:
        return _File.model_validate_json(file.read_bytes()).root
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is damaged"
        raise InvalidInputError(f"{file} cannot be read: {why}; restore it, or delete it and backtest again") from None


def _write(file: Path, name: str, rule: Rule, now: Fingerprint, before: _Kept | None) -> None:
    """Replace the entry of a rule file, where that changes anything; whole or not at all."""
    same_rule = before is not None and before.rule_sha256 == rule.sha256
    earlier = before.values if before is not None and same_rule else {}
    # What is kept already and differs in the last bits only stays: another processor is no reason for a change.
    unchanged = {text: earlier[text] for text in now if text in earlier and not differences(earlier, {text: now[text]})}
    entry = _Kept(rule_sha256=rule.sha256, values={**earlier, **{t: list(v) for t, v in now.items()}, **unchanged})
    if entry == before:
        return
    entries = {**_read(file), name: entry}
    handle, young = tempfile.mkstemp(prefix=f".{FILE}", dir=file.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(_text(entries))
    Path(young).chmod(0o644)
    Path(young).replace(file)


def _text(entries: Mapping[str, _Kept]) -> str:
    """Write it with one line a call, so that a change shows as one."""
    rules = []
    for name, entry in sorted(entries.items()):
        values = ",\n".join(
            f"      {json.dumps(text, ensure_ascii=False)}: [{', '.join(map(_number, golden))}]"
            for text, golden in sorted(entry.values.items())
        )
        sha256 = f'    "rule_sha256": "{entry.rule_sha256}"'
        rules.append(f'  {json.dumps(name)}: {{\n{sha256},\n    "values": {{\n{values}\n    }}\n  }}')
    return "{\n" + ",\n".join(rules) + "\n}\n"


def _number(value: float | None) -> str:
    return "null" if value is None else f"{value:.12g}"
