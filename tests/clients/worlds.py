"""Starts the worlds of journeys.json, sends every client through them, and compares audit log and calls.

A world is a sample upstream, a server on HTTP before it, and a directory of audit records; over stdio each
client starts a server of its own in the same world.
"""

import base64
import collections
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent.parent / "target"
START_SECONDS = 20
CLIENT_SECONDS = 80
PROGRAMS = {
    "py1": [TARGET / "venv-mcp1/bin/python", HERE / "journey.py"],
    "py2": [TARGET / "venv-mcp2/bin/python", HERE / "journey.py"],
    "ts1": ["node", HERE / "journey.mjs", TARGET / "npm", "ts1"],
    "ts2": ["node", HERE / "journey.mjs", TARGET / "npm", "ts2"],
}

# How many intents a call has that ended so.
INTENTS = {"ok": (1,), "denied": (0,), "invalid_arguments": (0,)}

without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url: str) -> str:
    with without_proxy.open(url, timeout=5) as answer:
        return answer.read().decode()


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listening.getsockname()[1] for listening in sockets]
    for listening in sockets:
        listening.close()
    return ports


class World:
    """A running world, and the sessions that clients have in it."""

    def __init__(self, binary: Path, home: Path, table: dict):
        self.table, self.home, self.binary = table, home, binary
        self.name, self.cloud = table["name"], table["deployment"] == "cloud"
        self.audit, self.log, self.upstream_log = home / "audit", home / "log", home / "upstream-log"
        self.processes: list[subprocess.Popen] = []
        upstream, port, metrics = free_ports(3)
        self.upstream = f"http://127.0.0.1:{upstream}"
        self.endpoint = f"http://127.0.0.1:{port}/mcp"
        self.metrics = f"http://127.0.0.1:{metrics}"
        home.mkdir()
        sim = [
            "sim",
            "--port",
            str(upstream),
            "--deployment",
            table["deployment"],
            "--audit",
            str(self.audit),
        ]
        self.start(sim, {}, self.upstream_log)
        variables = {
            "TRANSPORT": "streamable-http",
            "PORT": str(port),
            "PORTCULLIS_METRICS__ADDRESS": f"127.0.0.1:{metrics}",
        }
        self.start([], self.variables() | variables, self.log)

    def variables(self) -> dict[str, str]:
        """The variables of every server of this world."""
        own = {
            name: value.replace("{policies}", str(HERE / "policies"))
            for name, value in self.table["variables"].items()
        }
        flavour = {"JIRA_DEPLOYMENT": "cloud", "CONFLUENCE_DEPLOYMENT": "cloud"} if self.cloud else {}
        return (
            own
            | flavour
            | {
                "HOME": str(self.home),
                "JIRA_URL": self.upstream,
                "CONFLUENCE_URL": self.upstream + ("/wiki" if self.cloud else ""),
                "PORTCULLIS_AUDIT__DIRECTORY": str(self.audit),
                "PORTCULLIS_AUDIT__STATE_DIRECTORY": str(self.home / "state"),
            }
        )

    def operator(self, token: str) -> dict[str, str]:
        """The variables of a server over stdio that signs in as somebody."""
        products = ("JIRA", "CONFLUENCE")
        if not self.cloud:
            return {f"{product}_PERSONAL_TOKEN": token for product in products}
        names = {f"{product}_USERNAME": "alice@example.com" for product in products}
        return names | {f"{product}_API_TOKEN": token for product in products}

    def authorization(self, token: str | None) -> dict[str, str]:
        """The header of a client over HTTP that signs in as somebody."""
        if token is None:
            return {}
        if not self.cloud:
            return {"Authorization": f"Bearer {token}"}
        return {"Authorization": "Basic " + base64.b64encode(f"alice@example.com:{token}".encode()).decode()}

    def start(self, arguments: list[str], variables: dict[str, str], log: Path):
        with log.open("a") as output:
            streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
            process = subprocess.Popen([self.binary, *arguments], env=variables, cwd=self.home, **streams)
        self.processes.append(process)

    def until_ready(self):
        for url in (f"{self.upstream}/__sim/violations", f"{self.metrics}/readyz"):
            deadline = time.monotonic() + START_SECONDS
            while not answers(url):
                ended = any(process.poll() is not None for process in self.processes)
                if ended or time.monotonic() > deadline:
                    logs = self.upstream_log.read_text() + self.log.read_text()
                    sys.exit(f"{self.name}: no answer from {url}; the logs say:\n{logs}")
                time.sleep(0.02)

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def files(self) -> list[list[dict]]:
        """The audit records of each server."""
        texts = [file.read_text() for file in sorted(self.audit.glob("*.jsonl"))]
        return [[json.loads(line) for line in text.splitlines()] for text in texts]


def answers(url: str) -> bool:
    try:
        get(url)
    except OSError:
        return False
    return True


def sessions_of(client: dict, worlds: list[World], tables: dict) -> list[dict]:
    """What a client is to do, in each world, era and transport."""
    return [
        session_of(world, wanted, client["name"], era, protocol, transport, tables)
        for world in worlds
        for wanted in world.table["sessions"]
        for era, protocol in client["eras"].items()
        for transport in ("stdio", "http")
        if wanted.get("only", transport) == transport
    ]


def session_of(
    world: World, wanted: dict, client: str, era: str, protocol: str, transport: str, tables: dict
) -> dict:
    name = f"{world.name}/{wanted['name']}/{client}/{era}/{transport}"
    rows = [row for group in wanted.get("calls", []) for row in tables["calls"][group]]
    rows = json.loads(json.dumps(rows).replace("{session}", name))
    for row in rows:
        # By its trace a call is found in the audit log.
        row["trace"] = hashlib.sha256(f"{name}/{row['name']}".encode()).hexdigest()[:32]
    token = wanted["token"]
    return {
        "id": name,
        "era": era,
        "protocol": protocol,
        "transport": transport,
        "endpoint": world.endpoint,
        "headers": {"User-Agent": f"{name} 1"} | world.authorization(token),
        "command": str(world.binary),
        "variables": world.variables() | world.operator(token or ""),
        "directory": str(world.home),
        "log": str(world.log),
        "account": wanted.get("account"),
        "tools": tables["tools"].get(wanted.get("tools"), []),
        "reading": tables["tools"]["reading"],
        "calls": rows,
        "at_once": wanted.get("at_once", False),
        "unauthorized": wanted.get("unauthorized", False),
    }


def checks_of(session: dict) -> list[str]:
    if session["unauthorized"]:
        return ["401"]
    return ["initialize", "tools", *(row["name"] for row in session["calls"]), "tools in the end"]


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

    def client(self, name: str, sessions: list[dict], output: str, status: str):
        """Every check that was to be made must have been, once."""
        before = self.passed
        said = collections.defaultdict(list)
        for line in output.splitlines():
            found = json.loads(line)
            said[found["session"], found["check"]].append(found["problem"])
        for session in sessions:
            for check in checks_of(session):
                problems = said.pop((session["id"], check), ["was not checked"])
                self.check(
                    f"{session['id']}: {check}", next((problem for problem in problems if problem), None)
                )
        for (session, check), problems in said.items():
            self.check(f"{session}: {check}", "; ".join(map(str, problems)))
        self.check(f"{name} ended", None if status == "0" else status)
        print(f"{name}: {len(sessions)} sessions, {self.passed - before} checks held")


def run_client(name: str, sessions: list[dict]) -> tuple[str, str]:
    """Sends a client on its journeys; gives what it said and how it ended."""
    try:
        ended = subprocess.run(
            PROGRAMS[name],
            input=json.dumps(sessions),
            stdout=subprocess.PIPE,
            text=True,
            timeout=CLIENT_SECONDS,
            env=client_environment(),
        )
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode()
        return said[: said.rfind("\n") + 1], f"was not done after {CLIENT_SECONDS} seconds"
    return ended.stdout, str(ended.returncode)


def client_environment() -> dict[str, str]:
    """Nothing of the shell this runs in but where programs are: no proxy and no configuration."""
    return {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}


def wrong_record(session: dict, row: dict, records: list[dict]) -> str | None:
    """What the records of one call lack."""
    stages = [record["stage"] for record in records]
    if stages.count("outcome") != 1 or stages[-1] != "outcome":
        return f"the stages are {stages}"
    outcome = records[-1]["outcome"]
    if outcome != row.get("outcome", "ok"):
        return f"the outcome is {outcome}"
    # What Atlassian refused has an intent if the tool asked, and none if the look-up before the decision did.
    intents = stages.count("intent")
    if intents not in INTENTS.get(outcome, (0, 1)):
        return f"{intents} intents, and the outcome is {outcome}"
    if len({record["call"] for record in records}) != 1 or any(
        record["tool"] != row["tool"] for record in records
    ):
        return "the records are of several calls"
    found = records[-1]["transport"], (records[-1]["principal"] or {}).get("id")
    return None if found == (session["transport"], session["account"]) else f"the record says {found}"


def check_calls(sessions: list[dict], records: list[dict], report: Report):
    """Every call is in the audit log as it went, and no other one."""
    by_trace = collections.defaultdict(list)
    for record in records:
        if "trace" in record:
            by_trace[record["trace"]].append(record)
    for session in sessions:
        clients = set()
        for row in session["calls"]:
            found = by_trace.pop(row["trace"], [])
            # An unknown tool is not a call; it is counted with the refusals.
            if "code" in row:
                continue
            problem = wrong_record(session, row, found) if found else "is not there"
            report.check(f"{session['id']}: {row['name']}: audit", problem)
            clients.update(record["client"] for record in found)
        if session["calls"]:
            known = clients == {f"{session['id']} 1"}
            report.check(
                f"{session['id']}: the client's name",
                None if known else f"the audit log names {sorted(clients)}",
            )
    report.none("calls that nobody made", by_trace)


def is_of_client(file: list[dict]) -> bool:
    """Whether a client started the server and used it; some start one only to ask what it speaks."""
    return any(record.get("transport") == "stdio" for record in file)


def check_world(world: World, sessions: list[dict], report: Report):
    """What must hold of a world when all clients have left it."""
    files = world.files()
    records = [record for file in files for record in file]
    check_calls(sessions, records, report)

    unknown = sum("code" in row for session in sessions for row in session["calls"])
    report.equal(
        f"{world.name}: unknown tools", sum(record["code"] == "PC2002" for record in records), unknown
    )
    # A client may try again after it was refused.
    refused = sum(record["stage"] == "refusal" and record.get("status") == 401 for record in records)
    unauthorized = sum(session["unauthorized"] for session in sessions)
    report.equal(f"{world.name}: refusals", min(refused, unauthorized), unauthorized)

    ends = collections.Counter(record["call"] for record in records if record["stage"] == "outcome")
    calls = {record["call"] for record in records if "call" in record}
    report.none(f"{world.name}: calls without one outcome", [call for call in calls if ends[call] != 1])
    gaps = [file[0] for file in files if [record["seq"] for record in file] != list(range(1, len(file) + 1))]
    report.none(f"{world.name}: audit files with gaps", gaps)
    ended = sum(is_of_client(file) and file[-1]["stage"] == "stop" for file in files)
    spawned = sum(session["transport"] == "stdio" for session in sessions)
    report.equal(f"{world.name}: servers that ended in order when their client left", ended, spawned)
    said = world.log.read_text() + json.dumps(records)
    tokens = {wanted["token"] for wanted in world.table["sessions"]} - {None}
    report.none(f"{world.name}: tokens in the logs", [token for token in tokens if token in said])
    violations = json.loads(get(f"{world.upstream}/__sim/violations"))
    report.none(f"{world.name}: requests that the audit log did not announce", violations)


def run(binary: Path, directory: Path) -> int:
    tables = json.loads((HERE / "journeys.json").read_text())
    report, worlds = Report(), []
    try:
        for table in tables["worlds"]:
            worlds.append(World(binary, directory / table["name"], table))
        for world in worlds:
            world.until_ready()
        jobs = {client["name"]: sessions_of(client, worlds, tables) for client in tables["clients"]}
        with ThreadPoolExecutor(max_workers=2) as pool:
            done = {name: pool.submit(run_client, name, sessions) for name, sessions in jobs.items()}
            for name, sessions in jobs.items():
                report.client(name, sessions, *done[name].result())
        for world in worlds:
            here = [
                session
                for sessions in jobs.values()
                for session in sessions
                if session["id"].startswith(f"{world.name}/")
            ]
            check_world(world, here, report)
    finally:
        for world in worlds:
            world.stop()
    if report.failed:
        print(f"{report.failed} checks failed, {report.passed} held")
        return 1
    print(f"{report.passed} checks passed")
    return 0


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="portcullis-clients-") as directory:
        return run(Path(sys.argv[1]).resolve(), Path(directory))


if __name__ == "__main__":
    sys.exit(main())
