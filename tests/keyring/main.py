"""Tokens go from Python's keyring, where the reference server keeps them, to Portcullis and back, renewed.

A Data Center on loopback stands in for Jira and for its token endpoint; the Secret Service is a real one.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import keyring

SERVICE = "mcp-atlassian-oauth"
CLIENT = "keyring-test"


class DataCenter(BaseHTTPRequestHandler):
    """Answers what one call asks, and says in the issue's summary which token came."""

    def do_POST(self):
        form = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.forms.append(form)
        self.answer({"access_token": "access-1", "refresh_token": "refresh-1", "expires_in": 3600})

    def do_GET(self):
        if self.path.startswith("/rest/api/2/myself"):
            return self.answer({"name": "ann"})
        fields = {"summary": self.headers.get("authorization"), "project": {"key": "OPS"}}
        self.answer({"id": "1", "key": "OPS-1", "fields": fields})

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def call(binary: str, home: Path, base: str) -> dict:
    """Reads one issue over stdio."""
    variables = {
        "HOME": str(home),
        "DBUS_SESSION_BUS_ADDRESS": os.environ["DBUS_SESSION_BUS_ADDRESS"],
        "JIRA_URL": base,
        "JIRA_OAUTH_CLIENT_ID": CLIENT,
        "JIRA_OAUTH_CLIENT_SECRET": "canary-secret",
    }
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "keyring", "version": "1"}}
    read = {"name": "jira_get_issue", "arguments": {"issue_key": "OPS-1", "fields": "summary"}}
    server = subprocess.Popen(
        [binary], env=variables, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    for message in [
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": read},
    ]:
        server.stdin.write(json.dumps({"jsonrpc": "2.0"} | message) + "\n")
        server.stdin.flush()
    answers = [json.loads(server.stdout.readline()) for _ in range(2)]
    _, log = server.communicate(timeout=30)
    result = answers[1]["result"]
    assert not result["isError"], (result, log)
    return json.loads(result["content"][0]["text"])


def main(binary: str, home: Path):
    unlock = subprocess.run(
        ["gnome-keyring-daemon", "--unlock", "--components=secrets"], input=b"test", capture_output=True, check=True
    )
    assert "SecretService" in str(keyring.get_keyring()), (keyring.get_keyring(), unlock.stderr)
    center = HTTPServer(("127.0.0.1", 0), DataCenter)
    center.forms = []
    threading.Thread(target=center.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{center.server_port}"

    theirs = {
        "refresh_token": "refresh-0",
        "access_token": "access-0",
        "expires_at": 1.0,
        "cloud_id": None,
        "base_url": base,
    }
    keyring.set_password(SERVICE, f"oauth-{CLIENT}", json.dumps(theirs))
    issue = call(binary, home, base)
    assert issue["summary"] == "Bearer access-1", issue
    assert "refresh_token=refresh-0" in center.forms[0], center.forms
    site = hashlib.sha256(base.encode()).hexdigest()[:8]
    for user in [f"oauth-{CLIENT}", f"oauth-{CLIENT}-dc-{site}"]:
        ours = json.loads(keyring.get_password(SERVICE, user))
        assert ours["refresh_token"] == "refresh-1" and ours["base_url"] == base, ours
    assert not (home / ".mcp-atlassian" / f"oauth-{CLIENT}.json").exists(), "the keyring has them"

    # A second start takes what the first one kept.
    assert call(binary, home, base)["summary"] == "Bearer access-1"
    assert len(center.forms) == 1, center.forms
    center.shutdown()
    print("5 checks passed")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
