"""Rule files: YAML → checked rule → plan → values. Pure."""

from engine.rules.endless import warnings_of
from engine.rules.plan import Plan
from engine.rules.rule import Rule, read_rule, read_rule_file

__all__ = ["Plan", "Rule", "read_rule", "read_rule_file", "warnings_of"]
