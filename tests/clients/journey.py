"""The journeys through the official Python SDK, of either major version.

Reads a list of sessions on standard input and says, for each check, one JSON line: session, check, problem.
"""

import asyncio
import json
import re
import sys
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.metadata import version

from mcp import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.types import Implementation

FIRST = version("mcp").startswith("1.")
ANSWER_SECONDS = 20
REFUSED = (401, 'Bearer realm="portcullis"')

if FIRST:
    from mcp import ClientSession, McpError
else:
    from mcp import Client
    from mcp import MCPError as McpError


@asynccontextmanager
async def transport(session, log):
    if session["transport"] == "stdio":
        command = StdioServerParameters(
            command=session["command"], args=[], env=session["variables"], cwd=session["directory"]
        )
        async with stdio_client(command, errlog=log) as streams:
            yield streams
        return

    async def note(answer):
        session["answers"].append((answer.status_code, answer.headers.get("www-authenticate")))

    async with create_mcp_http_client(headers=session["headers"]) as http:
        http.event_hooks["response"].append(note)
        async with streamable_http_client(session["endpoint"], http_client=http) as streams:
            yield streams[:2]


@asynccontextmanager
async def first_major(session, log):
    info = Implementation(name=session["id"], version="1")
    async with transport(session, log) as (read, write):
        seconds = timedelta(seconds=ANSWER_SECONDS)
        async with ClientSession(read, write, read_timeout_seconds=seconds, client_info=info) as client:
            hello = await client.initialize()
            yield client, hello.protocolVersion, hello.serverInfo


@asynccontextmanager
async def second_major(session, log):
    info = Implementation(name=session["id"], version="1")
    mode = "legacy" if session["era"] == "legacy" else "auto"
    async with Client(
        transport(session, log), mode=mode, client_info=info, read_timeout_seconds=ANSWER_SECONDS
    ) as client:
        yield client, client.protocol_version, client.server_info


connect = first_major if FIRST else second_major


def plain(model):
    return model.model_dump(mode="json", by_alias=True)


def at(value, pointer):
    """The value a JSON pointer names; none where there is none."""
    for step in pointer.split("/")[1:]:
        if isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        else:
            value = (value or {}).get(step)
    return value


async def call(client, row):
    """What is wrong with the answer to a call; none if nothing is."""
    try:
        meta = {"traceparent": f"00-{row['trace']}-00f067aa0ba902b7-01"}
        result = plain(await client.call_tool(row["tool"], row["arguments"], meta=meta))
    except McpError as failed:
        fits = failed.error.code == row.get("code") and re.fullmatch(row["message"], failed.error.message)
        return None if fits else f"JSON-RPC error {failed.error.code}: {failed.error.message}"
    text = result["content"][0]["text"]
    if "refused" in row:
        return None if result["isError"] and re.fullmatch(row["refused"], text, re.DOTALL) else text
    if "found" not in row or result["isError"]:
        return text
    value = json.loads(text)
    wrong = {
        pointer: at(value, pointer) for pointer, want in row["found"].items() if at(value, pointer) != want
    }
    return f"{wrong} in {text}" if wrong else None


def wrong_hello(session, protocol, server):
    if protocol != session["protocol"]:
        return f"negotiated {protocol}, not {session['protocol']}"
    return None if server.name == "portcullis" and server.version else f"the server is {server}"


async def wrong_tools(session, client):
    afresh = {} if FIRST else {"cache_mode": "bypass"}
    listed = [plain(tool) for tool in (await client.list_tools(**afresh)).tools]
    names = [tool["name"] for tool in listed]
    if names != session["tools"]:
        return f"listed {names}"
    for tool in listed:
        reads = bool(tool["annotations"].get("readOnlyHint"))
        schema = tool["inputSchema"]
        if reads != (tool["name"] in session["reading"]) or schema.get("additionalProperties") is not False:
            return f"{tool}"
    return None


def shown(error):
    """An exception, and those in its group."""
    return "; ".join([f"{type(error).__name__}: {error}", *map(shown, getattr(error, "exceptions", ()))])


async def unauthorized(session, log):
    """The first request that needs a credential must fail with 401 and a challenge."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS), connect(session, log) as (client, *_):
            tools = await client.list_tools()
        return f"listed {len(tools.tools)} tools"
    except Exception as failed:
        return None if session["answers"][-1:] == [REFUSED] else f"{session['answers']}, {shown(failed)}"


async def journey(session, log, say):
    if session["unauthorized"]:
        say("401", await unauthorized(session, log))
        return
    async with connect(session, log) as (client, protocol, server):
        say("initialize", wrong_hello(session, protocol, server))
        say("tools", await wrong_tools(session, client))
        if session["at_once"]:
            problems = await asyncio.gather(*(call(client, row) for row in session["calls"]))
        else:
            problems = [await call(client, row) for row in session["calls"]]
        for row, problem in zip(session["calls"], problems, strict=True):
            say(row["name"], problem)
        say("tools in the end", await wrong_tools(session, client))


async def main():
    for session in json.load(sys.stdin):
        session["answers"] = []

        def say(check, problem, session=session):
            print(json.dumps({"session": session["id"], "check": check, "problem": problem}), flush=True)

        with open(session["log"], "a") as log:
            try:
                await journey(session, log, say)
            except Exception as failed:
                say("to the end", shown(failed))


asyncio.run(main())
