"""Sends every client through the worlds of journeys.json, and compares the audit log with the calls."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from audit import check_world
from report import Report
from worlds import HERE, Children, World, sessions_of

TARGET = HERE.parent.parent / "target"
CLIENTS_SECONDS = 80
PROGRAMS = {
    "py1": [TARGET / "venv-mcp1/bin/python", HERE / "journey.py"],
    "py2": [TARGET / "venv-mcp2/bin/python", HERE / "journey.py"],
    "ts1": ["node", HERE / "journey.mjs", TARGET / "npm", "ts1"],
    "ts2": ["node", HERE / "journey.mjs", TARGET / "npm", "ts2"],
}


def start_client(children: Children, name: str, sessions: list[dict], directory: Path) -> subprocess.Popen:
    """Sends a client on its journeys; what it says is in a file of its name."""
    # Nothing of the shell this runs in but where programs are: no proxy and no configuration.
    variables = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    job = directory / f"{name}.json"
    job.write_text(json.dumps(sessions))
    with job.open() as asked, (directory / name).open("w") as said:
        return children.start(PROGRAMS[name], stdin=asked, stdout=said, env=variables)


def ended(client: subprocess.Popen, deadline: float) -> str | None:
    """What is wrong with how a client ended."""
    try:
        status = client.wait(timeout=max(0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        client.kill()
        return f"was not done after {CLIENTS_SECONDS} seconds"
    return f"ended with status {status}" if status else None


def run(children: Children, binary: Path, directory: Path) -> Report:
    tables = json.loads((HERE / "journeys.json").read_text())
    # That this list is the reference server's is checked elsewhere; here, that a client sees its part of it.
    tables["tools"] = json.loads(subprocess.check_output([binary, "tools", "--json"]))
    worlds = [World(children, binary, directory / table["name"], table) for table in tables["worlds"]]
    for world in worlds:
        world.until_ready()
    report = Report()
    jobs = {client["name"]: sessions_of(client, worlds, tables) for client in tables["clients"]}
    deadline = time.monotonic() + CLIENTS_SECONDS
    clients = {name: start_client(children, name, sessions, directory) for name, sessions in jobs.items()}
    for name, sessions in jobs.items():
        problem = ended(clients[name], deadline)
        report.client(name, sessions, (directory / name).read_text(), problem)
    for world in worlds:
        # What was refused often is counted, and the counts are written at the end.
        world.end()
        every = (session for sessions in jobs.values() for session in sessions)
        check_world(world, [session for session in every if session["world"] == world.name], report)
    return report


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="portcullis-clients-") as directory, Children() as children:
        report = run(children, Path(sys.argv[1]).resolve(), Path(directory))
    if report.failed:
        print(f"{report.failed} checks failed, {report.passed} held")
        return 1
    print(f"{report.passed} checks passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
