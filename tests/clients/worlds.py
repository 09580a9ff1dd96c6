"""The worlds of journeys.json, running, and what each client is to do in them.

A world is a sample upstream, a server on HTTP before it, and a directory of audit records; over stdio each
client starts a server of its own in the same world.
"""

import base64
import hashlib
import json
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
START_SECONDS = 20
STOP_SECONDS = 15

without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url: str) -> str:
    with without_proxy.open(url, timeout=5) as answer:
        return answer.read().decode()


def answers(url: str) -> bool:
    try:
        get(url)
    except OSError:
        return False
    return True


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listening.getsockname()[1] for listening in sockets]
    for listening in sockets:
        listening.close()
    return ports


class Children:
    """The processes this run has started; all of them end with the `with` block."""

    def __init__(self):
        self.started: list[subprocess.Popen] = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.started:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.started:
            try:
                process.wait(timeout=max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, command: list, **settings) -> subprocess.Popen:
        self.started.append(subprocess.Popen(command, **settings))
        return self.started[-1]


class World:
    """A world: its servers, and where they write."""

    def __init__(self, children: Children, binary: Path, home: Path, table: dict):
        self.children, self.binary, self.home, self.table = children, binary, home, table
        self.name, self.cloud = table["name"], table["deployment"] == "cloud"
        self.audit, self.log, self.upstream_log = home / "audit", home / "log", home / "upstream-log"
        upstream, port, metrics = free_ports(3)
        self.upstream = f"http://127.0.0.1:{upstream}"
        self.endpoint = f"http://127.0.0.1:{port}/mcp"
        self.metrics = f"http://127.0.0.1:{metrics}"
        home.mkdir()
        flavour = ["--deployment", table["deployment"]]
        sim = ["sim", "--port", str(upstream), *flavour, "--audit", str(self.audit)]
        variables = self.variables() | {
            "TRANSPORT": "streamable-http",
            "PORT": str(port),
            "PORTCULLIS_METRICS__ADDRESS": f"127.0.0.1:{metrics}",
        }
        self.servers = [self.start(sim, {}, self.upstream_log), self.start([], variables, self.log)]

    def start(self, arguments: list[str], variables: dict[str, str], log: Path) -> subprocess.Popen:
        with log.open("a") as output:
            streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
            return self.children.start([self.binary, *arguments], env=variables, cwd=self.home, **streams)

    def end(self):
        """Ends the server that clients over HTTP used; the upstream goes on."""
        server = self.servers[-1]
        server.terminate()
        server.wait(timeout=STOP_SECONDS)

    def until_ready(self):
        for url in (f"{self.upstream}/__sim/violations", f"{self.metrics}/readyz"):
            deadline = time.monotonic() + START_SECONDS
            while not answers(url):
                ended = any(server.poll() is not None for server in self.servers)
                if ended or time.monotonic() > deadline:
                    logs = self.upstream_log.read_text() + self.log.read_text()
                    sys.exit(f"{self.name}: no answer from {url}; the logs say:\n{logs}")
                time.sleep(0.02)

    def variables(self) -> dict[str, str]:
        """The variables of every server of this world."""
        variables = {
            "HOME": str(self.home),
            "JIRA_URL": self.upstream,
            "CONFLUENCE_URL": self.upstream,
            "PORTCULLIS_AUDIT__DIRECTORY": str(self.audit),
            "PORTCULLIS_AUDIT__STATE_DIRECTORY": str(self.home / "state"),
        }
        if self.cloud:
            variables["CONFLUENCE_URL"] += "/wiki"
            variables |= {"JIRA_DEPLOYMENT": "cloud", "CONFLUENCE_DEPLOYMENT": "cloud"}
        own = self.table["variables"].items()
        return variables | {name: value.replace("{policies}", f"{HERE}/policies") for name, value in own}

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
        encoded = base64.b64encode(f"alice@example.com:{token}".encode()).decode()
        return {"Authorization": f"Basic {encoded}"}


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


def listed(world: World, wanted: dict, tools: list[dict]) -> list[str]:
    """The names of the tools a client of this session is to see, in the order of the list."""
    return [
        tool["name"]
        for tool in tools
        if world.table["deployment"].replace("dc", "datacenter") in tool["deployments"]
        and (wanted.get("tools") in ("all", tool["access"]) or tool["name"] in wanted.get("also", []))
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
        "world": world.name,
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
        "tools": listed(world, wanted, tables["tools"]),
        "reading": [tool["name"] for tool in tables["tools"] if tool["access"] == "read"],
        "calls": rows,
        "at_once": wanted.get("at_once", False),
        "unauthorized": wanted.get("unauthorized", False),
    }


def checks_of(session: dict) -> list[str]:
    if session["unauthorized"]:
        return ["401"]
    return ["initialize", "tools", *(row["name"] for row in session["calls"]), "tools in the end"]
