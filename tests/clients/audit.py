"""What the audit log and the sample upstream must say when the clients have left a world."""

import collections
import json

from report import Report
from worlds import World, get

# How many intents a call has that ended so.
INTENTS = {"ok": (1,), "denied": (0,), "invalid_arguments": (0,)}


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


def requests(refusal: dict) -> int:
    """For how many requests the record of a refusal stands: the first of a kind has one of its own."""
    return refusal.get("count", 1)


def check_world(world: World, sessions: list[dict], report: Report):
    """What must hold of a world when all clients have left it."""
    texts = [file.read_text() for file in sorted(world.audit.glob("*.jsonl"))]
    files = [[json.loads(line) for line in text.splitlines()] for text in texts]
    records = [record for file in files for record in file]
    check_calls(sessions, records, report)

    refusals = [record for record in records if record["stage"] == "refusal"]
    unknown = sum("code" in row for session in sessions for row in session["calls"])
    told = sum(requests(record) for record in refusals if record["reason"] == "unknown_tool")
    report.equal(f"{world.name}: unknown tools", told, unknown)
    # A client may try again after it was refused.
    refused = sum(requests(record) for record in refusals if record.get("status") == 401)
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
