"""Portcullis over stdio, and the smallest client that can speak to it."""

import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path

# Each deployment twice: where the configuration decides alone, and where a policy asks for the real project or space.
MODES = ("dc", "cloud", "cloud_oauth", "dc-policy", "cloud-policy", "cloud_oauth-policy")
POLICIES = Path(__file__).parent / "policies"
PROTOCOL = "2025-11-25"
ANSWER_SECONDS = 60


def deployment(mode: str) -> str:
    """What a mode is called in the recorded contract."""
    return mode.removesuffix("-policy")


def environment(mode: str, port: int, directory: Path) -> dict[str, str]:
    """The configuration of a mode, and nothing of the shell this runs in."""
    variables = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(directory),
        "READ_ONLY_MODE": "false",
        "JIRA_SSL_VERIFY": "false",
        "CONFLUENCE_SSL_VERIFY": "false",
        # The recorded calls name their files in the working directory.
        "PORTCULLIS_TOOLS__ATTACHMENT_DIRECTORY": str(directory),
        # Servers with one key take each other's page tokens.
        "PORTCULLIS_AUDIT__HMAC_KEY": "contract-key-of-thirty-two-bytes",
    }
    if mode != deployment(mode):
        variables["PORTCULLIS_POLICY__DIRECTORY"] = str(POLICIES)
    if deployment(mode) == "dc":
        base = f"http://127.0.0.1:{port}"
        return variables | {
            "JIRA_URL": base,
            "CONFLUENCE_URL": base,
            "JIRA_PERSONAL_TOKEN": "contract-pat",
            "CONFLUENCE_PERSONAL_TOKEN": "contract-pat",
        }
    variables |= {
        "JIRA_URL": "https://x.atlassian.net",
        "CONFLUENCE_URL": "https://x.atlassian.net/wiki",
        "HTTPS_PROXY": f"http://127.0.0.1:{port}",
        "ATLASSIAN_OAUTH_CLOUD_ID": "cid-1",
    }
    if deployment(mode) == "cloud_oauth":
        return variables | {
            "ATLASSIAN_OAUTH_ACCESS_TOKEN": "contract-oauth",
        }
    return variables | {
        "JIRA_USERNAME": "ann@example.com",
        "CONFLUENCE_USERNAME": "ann@example.com",
        "JIRA_API_TOKEN": "contract-token",
        "CONFLUENCE_API_TOKEN": "contract-token",
    }


def listed_tools(binary: Path, directory: Path) -> list[dict]:
    """What `portcullis tools --json` says."""
    bare = {"PATH": os.environ.get("PATH", ""), "HOME": str(directory)}
    answer = subprocess.run(
        [binary, "tools", "--json"], env=bare, cwd=directory, check=True, stdout=subprocess.PIPE, timeout=60
    )
    return json.loads(answer.stdout)


class Server:
    """A running server and a session with it, as long as the `with` block."""

    def __init__(self, binary: Path, directory: Path, variables: dict[str, str]):
        self.directory = directory
        self.log = directory / "server.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [binary, "--transport", "stdio"],
                env=variables,
                cwd=directory,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
            )
        self.lines: queue.Queue[str | None] = queue.Queue()
        self.requests = 0
        threading.Thread(target=self.read, daemon=True).start()

    def __enter__(self):
        hello = {
            "protocolVersion": PROTOCOL,
            "capabilities": {},
            "clientInfo": {"name": "contract", "version": "1"},
        }
        self.request("initialize", hello)
        self.write({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def tools(self) -> list[dict]:
        """Every tool the server offers."""
        tools, cursor = [], None
        while True:
            page = self.request("tools/list", {"cursor": cursor} if cursor else {})["result"]
            tools += page["tools"]
            cursor = page.get("nextCursor")
            if not cursor:
                return tools

    def call(self, tool: str, arguments: dict) -> dict:
        """Calls a tool; a JSON-RPC error is a result of its own."""
        answer = self.request("tools/call", {"name": tool, "arguments": arguments})
        return answer.get("result") or {"isError": True, "content": [], "error": answer.get("error")}

    def request(self, method: str, parameters: dict) -> dict:
        self.requests += 1
        self.write({"jsonrpc": "2.0", "id": self.requests, "method": method, "params": parameters})
        while True:
            try:
                line = self.lines.get(timeout=ANSWER_SECONDS)
            except queue.Empty:
                line = None
            if line is None:
                sys.exit(f"no answer to {method} {parameters}; the server said:\n{self.log.read_text()}")
            answer = json.loads(line)
            if answer.get("id") == self.requests:
                return answer

    def write(self, message: dict):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)
