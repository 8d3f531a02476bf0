"""The rule tables of `rules/`, read once: order of actions, risk, words, checks, similarity.

What decides between alternatives is data a person can read and change, never a branch in code. A table that
misses a row it must have is an error of the installation and is told as one.
"""

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from qualweave.errors import MissingCapability

FOLDER = "rules"


@lru_cache(maxsize=16)
def read_yaml(name: str) -> dict[str, Any]:
    """Return a YAML table by file name."""
    data: dict[str, Any] = yaml.safe_load(_text(name))
    return data


@lru_cache(maxsize=16)
def read_tsv(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a TSV table whose header is its last comment line."""
    lines = [line for line in _text(name).splitlines() if line.strip()]
    header = [line for line in lines if line.startswith("#")][-1].lstrip("# ").split("\t")
    rows = [line for line in lines if not line.startswith("#")]
    return tuple(csv.DictReader(rows, fieldnames=header, delimiter="\t"))


def _text(name: str) -> str:
    try:
        return files("qualweave.reasoning.decisions").joinpath(FOLDER, name).read_text("utf-8")
    except OSError as error:
        raise MissingCapability(
            f"The rule table {name} is not installed.",
            message_zh=f"规则表 {name} 未安装。",
            next_step="Install the package again; its rule tables belong to it.",
            next_step_zh="请重新安装软件包，规则表是其一部分。",
            data={"table": name},
        ) from error


@dataclass(frozen=True)
class RiskRule:
    """One level of risk: how far it reaches, how long it is valid, and how many persons sign it."""

    level: str
    share: float
    valid_minutes: int
    signatures: int


@lru_cache(maxsize=1)
def risk_rules() -> tuple[RiskRule, ...]:
    """Return the levels of risk in the order of the table."""
    return tuple(RiskRule(**row) for row in read_yaml("risk.yaml")["levels"])


def risk_of(share: float) -> RiskRule:
    """Return the level of an intervention whose largest step is ``share`` of the permitted span."""
    rules = risk_rules()
    return next((rule for rule in rules if share <= rule.share), rules[-1])


def risk_rule(level: str) -> RiskRule:
    """Return the rule of a level; the strictest one for a level that the table does not know."""
    return next((rule for rule in risk_rules() if rule.level == level), risk_rules()[-1])


def action_rank(kind: str, match: str) -> int:
    """Return the place of an action among others, by its kind and quantity kind or class."""
    rows = [row for row in read_tsv("action_order.tsv") if row["kind"] == kind]
    exact = [row for row in rows if row["match"] == match]
    return int((exact or [row for row in rows if row["match"] == "*"])[0]["rank"])
