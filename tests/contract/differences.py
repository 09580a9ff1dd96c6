"""The table of what differs from the reference server on purpose."""

import re
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from server import MODES


@dataclass(frozen=True)
class Difference:
    """One thing that is not as recorded: what it is, as the table names it, and the values for the reader."""

    what: str
    detail: str = ""

    def __str__(self):
        return f"{self.what} ({self.detail})" if self.detail else self.what


@dataclass
class Rule:
    """One row of the table."""

    tool: str
    difference: str
    why: str
    # The defect's number where the reference server's behaviour is one of the recorded defects.
    defect: int | None = None
    modes: list[str] = field(default_factory=lambda: list(MODES))
    # The calls it happens in, each of them in each mode; without, any call, at least one in each mode.
    calls: list[int] | None = None
    # How often it happens in one call, for requests that the reference server repeats.
    times: int = 1
    # Whether it depends on the day of the run, such as a share of the time until now: then it need not happen.
    moving: bool = False
    # How often it was seen, by mode, tool and call.
    seen: Counter[tuple[str, str, int | None]] = field(default_factory=Counter)

    def takes(self, tool: str, mode: str, call: int | None, found: Difference) -> bool:
        """Whether the row is about this difference."""
        if not fnmatchcase(tool, self.tool) or mode not in self.modes:
            return False
        if self.calls is not None and call not in self.calls:
            return False
        return re.fullmatch(self.difference, found.what) is not None

    def stale(self) -> list[str]:
        """Where the row says something differs and nothing does."""
        if self.moving:
            return []
        row = f"differences, {self.tool} `{self.difference}`"
        found = []
        for mode in self.modes:
            calls = {call for seen, _, call in self.seen if seen == mode}
            if not calls:
                found.append(f"{row}: no longer differs in mode {mode}; take it out")
            elif missing := sorted(set(self.calls or []) - calls):
                found.append(f"{row}: no longer differs in mode {mode}, calls {missing}; take them out")
        for (mode, tool, call), count in self.seen.items():
            if count != self.times:
                found.append(f"{row}: {count} times in mode {mode}, {tool} call {call}, not {self.times}")
        return found


class Table:
    """All rows."""

    def __init__(self, directory: Path):
        paths = sorted(directory.glob("*.toml"))
        if not paths:
            sys.exit(f"{directory} holds no table of differences")
        self.rules = [rule for path in paths for rule in self.read(path)]

    @staticmethod
    def read(path: Path) -> list[Rule]:
        """The rows of one file."""
        try:
            rules = [Rule(**row) for row in tomllib.loads(path.read_text())["difference"]]
        except (TypeError, KeyError, tomllib.TOMLDecodeError) as error:
            sys.exit(f"{path} is not a table of differences: {error}")
        for rule in rules:
            if not rule.why.strip() or not set(rule.modes) <= set(MODES):
                sys.exit(f"{path}: `{rule.difference}` needs a reason, and modes of {', '.join(MODES)}")
        return rules

    def takes(self, tool: str, mode: str, call: int | None, found: Difference) -> bool:
        """Whether a row allows this difference; every row that is about it counts it as seen."""
        rules = [rule for rule in self.rules if rule.takes(tool, mode, call, found)]
        for rule in rules:
            rule.seen[mode, tool, call] += 1
        return bool(rules)

    def stale(self) -> list[str]:
        """The rows that no longer say what is."""
        return [problem for rule in self.rules for problem in rule.stale()]
