"""What held and what did not."""

import collections
import json

from worlds import checks_of


class Report:
    """Counts what held and prints what did not."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    def check(self, what: str, problem: str | None):
        if problem is None:
            self.passed += 1
            return
        self.failed += 1
        print(f"FAIL {what}\n     {problem}")

    def none(self, what: str, found):
        self.check(what, f"{found}" if found else None)

    def equal(self, what: str, found, wanted):
        self.check(what, None if found == wanted else f"{found}, not {wanted}")

    def client(self, name: str, sessions: list[dict], output: str, problem: str | None):
        """Every check that was to be made must have been, once."""
        before = self.passed
        said = collections.defaultdict(list)
        # A line without its end is of a client that broke off.
        for line in output[: output.rfind("\n") + 1].splitlines():
            found = json.loads(line)
            said[found["session"], found["check"]].append(found["problem"])
        for session in sessions:
            for check in checks_of(session):
                problems = said.pop((session["id"], check), ["was not checked"])
                found = next((problem for problem in problems if problem), None)
                self.check(f"{session['id']}: {check}", found)
        for (session, check), problems in said.items():
            self.check(f"{session}: {check}", "; ".join(map(str, problems)))
        self.check(f"{name} ended", problem)
        print(f"{name}: {len(sessions)} sessions, {self.passed - before} checks held")
