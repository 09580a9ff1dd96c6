"""Every request of the replay, held against Atlassian's own documents of each version by the server beside them."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from urllib.parse import quote, urlencode

from server import deployment

ROOT = Path(__file__).resolve().parents[2]
# The ports on which the server answers for each version, by product and deployment.
PORTS = {
    ("jira", "dc"): {9102: "Data Center 9.12", 9103: "Data Center 10.3", 9104: "Data Center 11.3"},
    ("confluence", "dc"): {9105: "Data Center 10.0", 9106: "Data Center 10.2"},
    ("jira", "cloud"): {9101: "Cloud"},
    ("confluence", "cloud"): {9101: "Cloud"},
}
GATEWAY = re.compile(r"^/ex/(jira|confluence)/[^/]+")
# What marks the end of the path of Confluence on Cloud, which the gateway has without `/wiki`.
START_SECONDS = 120
BOUNDARY = "boundary-of-the-replay"


class Documents:
    """The requests seen, and what the documents say of them."""

    def __init__(self, shared: Path):
        self.server = shared / "spec-server"
        self.seen: dict[tuple, dict] = {}
        self.rows = tomllib.loads((ROOT / "tests/contract/documents.toml").read_text())["allowed"]
        self.used: Counter = Counter()

    def add(self, tool: str, mode: str, requests: list[dict]):
        """Remembers the requests of a call; each is checked once."""
        kind = "dc" if deployment(mode) == "dc" else "cloud"
        product = tool.split("_")[0]
        for request in requests:
            path = GATEWAY.sub("/wiki" if product == "confluence" else "", request["path"])
            path = path.replace("/wiki/wiki/", "/wiki/")
            body = request.get("body")
            key = (product, kind, request["method"], path, json.dumps([request.get("query"), body], sort_keys=True))
            headers = {name.lower(): value for name, value in request["headers"].items()}
            found = {"path": path, "query": request.get("query") or [], "body": body,
                     "type": headers.get("content-type"), "tools": set()}
            self.seen.setdefault(key, found)["tools"].add(tool)

    def check(self, scratch: Path, whole: bool) -> tuple[int, list[str]]:
        """How many checks passed, and what is wrong; rows that nothing needs are wrong as well, after a whole run."""
        violations, requests = scratch / "violations.jsonl", scratch / "requests.jsonl"
        environment = os.environ | {
            "VIOLATIONS": str(violations), "REQUESTS": str(requests), "NODE_PATH": str(installed(self.server)),
        }
        violations.touch()
        with (scratch / "documents.log").open("w") as log:
            command = ["node", "--max-old-space-size=4096", "server.cjs"]
            process = subprocess.Popen(command, cwd=self.server, env=environment, stdout=log, stderr=log)
        try:
            tags = self.replay(process, scratch)
        finally:
            process.terminate()
            process.wait(timeout=10)
        found = [json.loads(line) for line in violations.read_text().splitlines()]
        problems = [problem for record in found for problem in self.judged(record, tags)]
        if whole:
            unused = (row for number, row in enumerate(self.rows) if not self.used[number])
            problems += [f"documents, {row['path']} `{row['says']}`: nothing needs it; take it out" for row in unused]
        return len(tags) - len({record["tag"] for record in found if record.get("tag")}), problems

    def replay(self, process: subprocess.Popen, scratch: Path) -> dict[str, tuple]:
        """Sends every request to every version, and gives what each was by its tag."""
        tags = {}
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for (product, kind, method, path, _), request in self.seen.items():
            for port, name in PORTS[product, kind].items():
                tag = str(len(tags))
                tags[tag] = (name, method, path, ", ".join(sorted(request["tools"])))
                query = urlencode([(name, value) for name, value in pairs(request["query"])], quote_via=quote)
                headers = {"x-test-tag": tag}
                data = encoded(request, headers)
                address = f"http://127.0.0.1:{port}{path}" + (f"?{query}" if query else "")
                wait_for(port, process, scratch)
                try:
                    opener.open(urllib.request.Request(address, data, headers, method=method), timeout=30).read()
                except urllib.error.HTTPError as answer:
                    answer.read()
        return tags

    def judged(self, record: dict, tags: dict[str, tuple]) -> list[str]:
        """What of a record is not allowed."""
        name, method, path, tools = tags[record["tag"]]
        problems = []
        for violation in record["violations"]:
            says = json.dumps({key: value for key, value in violation.items() if value is not None}, sort_keys=True)
            row = next((number for number, row in enumerate(self.rows) if allows(row, name, method, path, says)), None)
            if row is None:
                problems.append(f"documents of {name}: {method} {path} ({tools}): {says}")
            else:
                self.used[row] += 1
        return problems


def pairs(query) -> list[tuple]:
    """The parameters of a request, in whichever form the log has them."""
    if isinstance(query, dict):
        return [(name, one) for name, value in query.items() for one in (value if isinstance(value, list) else [value])]
    return [tuple(pair) for pair in query]


def allows(row: dict, name: str, method: str, path: str, says: str) -> bool:
    return (
        re.search(row.get("documents", ""), name) is not None
        and row.get("method", method) == method
        and re.search(row["path"], path) is not None
        and re.search(row["says"], says) is not None
    )


def encoded(request: dict, headers: dict[str, str]) -> bytes | None:
    """The body as it was sent; of a file only the form matters."""
    body, kind = request["body"], request["type"]
    if kind and "multipart" in kind:
        headers["content-type"] = f"multipart/form-data; boundary={BOUNDARY}"
        part = 'Content-Disposition: form-data; name="file"; filename="a.txt"'
        return f"--{BOUNDARY}\r\n{part}\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode()
    if body is None:
        return None
    headers["content-type"] = kind or "application/json"
    return json.dumps(body).encode()


def wait_for(port: int, process: subprocess.Popen, scratch: Path):
    """Waits until the server listens; it reads all documents first."""
    deadline = time.monotonic() + START_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            opener.open(f"http://127.0.0.1:{port}/__health", timeout=5).read()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the server with the documents did not start: {(scratch / 'documents.log').read_text()}")
            time.sleep(0.2)


def installed(server: Path) -> Path:
    """The packages that the server needs, outside of the directory that it is in."""
    place = ROOT / "target/spec-server"
    place.mkdir(parents=True, exist_ok=True)
    modules = place / "node_modules"
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(server / name, place / name)
    if not (modules / "openapi-backend").is_dir():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=place, check=True)
    return modules
