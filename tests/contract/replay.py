"""Replays the recorded calls of the reference server and compares what is asked of Atlassian and what comes back.

Every difference has to be in a table of `differences` with the reason for it, and every row of those tables has to happen.
A server is started for each call, so that what is asked once and remembered is asked in each of them.
Needs the recorded contract in $PORTCULLIS_SHARED (../shared) and a built server in $PORTCULLIS_BINARY.
"""

import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import requests_compared
import results_compared
import schema_compared
from differences import Difference, Table
from documents import Documents
from masks import Masks
from server import MODES, Server, deployment, environment, listed_tools
from upstream import Upstream

ROOT = Path(__file__).resolve().parents[2]
SHARED = "set PORTCULLIS_SHARED to the directory that holds `contract`"


class Replay:
    """One run: what is replayed, and what has been found so far."""

    def __init__(self, contract: Path, binary: Path, chosen: list[str]):
        self.binary = binary
        self.contract = contract
        self.schemas = {tool["name"]: tool for tool in json.loads((contract / "tools.json").read_text())["tools"]}
        self.recorded = json.loads((contract / "calls.json").read_text())["tools"]
        self.table = Table(ROOT / "tests/contract/differences")
        self.chosen = chosen
        self.documents = Documents(contract.parent)
        self.counts: dict[str, dict[str, list[int]]] = {}
        self.calls = 0
        self.problems: list[str] = []
        self.one_at_a_time = Lock()

    def run(self, scratch: Path) -> int:
        """Replays every mode and prints what came of it; gives the exit code."""
        facts = {tool["name"]: tool for tool in listed_tools(self.binary, scratch)}
        unknown = [name for name in self.chosen if name not in facts]
        if unknown:
            sys.exit(f"there is no tool {', '.join(unknown)}")
        names = sorted(self.chosen or facts)
        # Side by side: most of the time goes into starting servers.
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            for done in [pool.submit(self.replayed, mode, names, facts, scratch) for mode in MODES]:
                done.result()
        self.documented, wrong = self.documents.check(scratch, whole=not self.chosen)
        self.problems += wrong
        self.undocumented = len(wrong)
        return self.report(names, len(self.schemas) - len(facts))

    def replayed(self, mode: str, names: list[str], facts: dict, scratch: Path):
        """Replays every tool in one mode, against an upstream of its own."""
        own = scratch / f"upstream-{mode}"
        own.mkdir()
        with Upstream(self.contract / "upstream.py", own) as upstream:
            for name in names:
                self.tool(name, mode, facts[name], Site(self.binary, scratch, mode, upstream))

    def tool(self, name: str, mode: str, facts: dict, site: "Site"):
        """Replays one tool in one mode."""
        if name not in self.schemas:
            self.judge(name, mode, None, [Difference("tool: extra", "the contract has no such tool")])
            return
        with site.server() as server:
            offered = {tool["name"]: tool for tool in server.tools()}.get(name)
        self.judge(name, mode, None, schema_compared.compare(self.schemas[name], facts, offered, deployment(mode)))
        if offered is None:
            return
        for number, recorded in enumerate(self.recorded[name]["calls"]):
            found, requests = call(name, recorded[deployment(mode)], site)
            with self.one_at_a_time:
                self.documents.add(name, mode, requests)
                self.calls += 1
            self.judge(name, mode, number, found)

    def judge(self, name, mode, number, differences: list[Difference]):
        """Counts one check: it passes when the table has every difference."""
        with self.one_at_a_time:
            self.judged(name, mode, number, differences)

    def judged(self, name, mode, number, differences: list[Difference]):
        unlisted = [found for found in differences if not self.table.takes(name, mode, number, found)]
        passed, failed = self.counts.setdefault(name, {}).setdefault(mode, [0, 0])
        self.counts[name][mode] = [passed + (not unlisted), failed + bool(unlisted)]
        place = f"{name} {mode} " + ("schema" if number is None else f"call {number}")
        self.problems += [f"{place}: {found}" for found in unlisted]

    def report(self, names: list[str], absent: int) -> int:
        """Prints one line a tool, then what is wrong, then the sum."""
        for name in names:
            modes = (f"{mode} {good} of {good + bad}" for mode, (good, bad) in self.counts[name].items())
            print(f"{name:32} {', '.join(modes)}")
        stale = [] if self.chosen else self.table.stale()
        if not self.chosen:
            print(f"{absent} tools of the contract do not exist yet")
            print(f"{len(self.table.rules)} rows of differences, {len(stale)} of them stale")
        for problem in self.problems + stale:
            print(f"  {problem}")
        sums = [sum(counts) for counts in zip(*(pair for modes in self.counts.values() for pair in modes.values()))]
        print(f"{self.documented} requests are as Atlassian's documents say, {self.undocumented} violations")
        passed, failed = sums[0], sums[1] + len(stale) + self.undocumented
        if not self.calls:
            print("no call was replayed: that proves nothing")
            return 1
        print(f"{passed} checks passed" + (f", {failed} failed" if failed else ""))
        return 1 if failed else 0


class Site:
    """Where the servers of one mode run."""

    def __init__(self, binary: Path, scratch: Path, mode: str, upstream: Upstream):
        self.binary = binary
        self.directory = scratch / mode
        self.mode = mode
        self.upstream = upstream

    def server(self) -> Server:
        """A server that remembers nothing of the one before."""
        self.directory.mkdir(exist_ok=True)
        return Server(self.binary, self.directory, environment(self.mode, self.upstream.port, self.directory))


def call(name: str, recorded: dict, site: Site) -> tuple[list[Difference], list[dict]]:
    """Makes one recorded call and compares it; gives the requests that it made as well."""
    masks = Masks(base=site.upstream.base(deployment(site.mode)), directory=site.directory)
    arguments = masks.fill(recorded["args"])
    if "page_token" in arguments and deployment(site.mode) != "dc":
        arguments["page_token"] = page_token(name, arguments, site)
    with site.server() as server:
        for path in masks.files_named_in(recorded["args"]):
            path.write_text("hello upload" if path.suffix == ".txt" else "# From file\n\nbody\n")
        site.upstream.reset()
        result = server.call(name, arguments)
    made = site.upstream.log()
    requests = requests_compared.compare(recorded["requests"], made, masks, arguments)
    return requests + results_compared.compare(recorded["result"], result, masks, arguments), made


def page_token(name: str, arguments: dict, site: Site) -> str:
    """A token of ours for what the upstream calls `tok2`: it takes no others. Every server here has the same key."""
    with site.server() as server:
        result = server.call(name, {key: value for key, value in arguments.items() if key != "page_token"})
    return json.loads(result["content"][0]["text"])["next_page_token"]


def main() -> int:
    """Finds what the replay needs, or fails: a contract that cannot be checked is not kept."""
    contract = ROOT / os.environ.get("PORTCULLIS_SHARED", "../shared") / "contract"
    binary = ROOT / os.environ.get("PORTCULLIS_BINARY", "target/debug/portcullis")
    for path, remedy in (
        (contract / "calls.json", SHARED),
        (contract / "tools.json", SHARED),
        (contract / "upstream.py", SHARED),
        (binary, "run `cargo build`, or set PORTCULLIS_BINARY"),
    ):
        if not path.is_file():
            print(f"{path} is missing; {remedy}", file=sys.stderr)
            return 1
    with tempfile.TemporaryDirectory(prefix="portcullis-contract-") as scratch:
        return Replay(contract.resolve(), binary.resolve(), sys.argv[1:]).run(Path(scratch))


if __name__ == "__main__":
    sys.exit(main())
