"""The recorded upstream: Jira and Confluence, Data Center by plain HTTP and Cloud through its proxy."""

import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

# What a look-up asks before the decision, or a tool besides, and the recorded upstream does not know.
LOOKUPS = {
    "/rest/agile/1.0/board/1": {
        "id": 1, "name": "PROJ board", "type": "scrum", "location": {"projectKey": "PROJ"},
    },
    "/rest/agile/1.0/board/1/project": {"isLast": True, "values": [{"key": "PROJ"}]},
    "/rest/agile/1.0/sprint/1": {"id": 1, "name": "Sprint 1", "state": "active", "originBoardId": 1},
    "/rest/servicedeskapi/servicedesk/4": {"id": "4", "projectKey": "SD", "projectName": "Support"},
    "/rest/api/group/g1": {"type": "group", "name": "g1"},
    "/wiki/api/v2/footer-comments/80001/children": {"results": [], "_links": {}},
    "/wiki/api/v2/inline-comments/80001/children": {"results": [], "_links": {}},
    "/rest/api/2/project/PROJ": {"id": "10000", "key": "PROJ", "name": "Project"},
    "/rest/api/2/version/10100": {"id": "10100", "name": "v1.0", "project": "PROJ"},
}
NAMES = "subjectAltName=DNS:x.atlassian.net,DNS:api.atlassian.com"


class Upstream:
    """The stand-in for Atlassian, running as long as the `with` block."""

    def __init__(self, program: Path, scratch: Path):
        self.program = program
        self.scratch = scratch
        self.port = free_port()
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def __enter__(self):
        certificate, key = self.certificate()
        command = [sys.executable, str(self.program), "--port", str(self.port)]
        # Its own file: a pipe nobody reads would stop it when it is full.
        with (self.scratch / "upstream.log").open("w") as log:
            self.process = subprocess.Popen([*command, "--cert", certificate, "--key", key], stdout=log, stderr=log)
        for _ in range(100):
            try:
                self.reset()
                return self
            except (urllib.error.URLError, ConnectionError):
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        self.__exit__()
        sys.exit(f"the upstream did not start: {(self.scratch / 'upstream.log').read_text()}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=10)

    def base(self, deployment: str) -> str:
        """The address of the products, as results show it."""
        return f"http://127.0.0.1:{self.port}" if deployment == "dc" else "https://x.atlassian.net"

    def reset(self):
        """Forgets the requests so far, and answers look-ups."""
        self.post("__reset", {})
        rules = [
            {"method": "GET", "path": f"(/ex/(jira|confluence)/[^/]+)?{re.escape(path)}$", "status": 200, "body": body}
            for path, body in LOOKUPS.items()
        ]
        self.post("__rules", rules)

    def post(self, control: str, body):
        """Tells the upstream something."""
        url = f"http://127.0.0.1:{self.port}/{control}"
        self.ask(urllib.request.Request(url, data=json.dumps(body).encode(), method="POST"))

    def log(self) -> list[dict]:
        """The requests since the last reset. A connection that was opened beside another and not needed is none."""
        log = self.ask(urllib.request.Request(f"http://127.0.0.1:{self.port}/__log"))
        return [entry for entry in log if "method" in entry]

    def ask(self, request: urllib.request.Request):
        with self.opener.open(request, timeout=10) as answer:
            return json.load(answer)

    def certificate(self) -> tuple[str, str]:
        certificate, key = str(self.scratch / "cert.pem"), str(self.scratch / "key.pem")
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"]
        command += ["-keyout", key, "-out", certificate, "-subj", "/CN=x.atlassian.net", "-addext", NAMES]
        subprocess.run(command, check=True, capture_output=True)
        return certificate, key


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
