"""Compares the requests that reached Atlassian: method, path, query, body and the headers that matter."""

import re
from urllib.parse import unquote

from differences import Difference
from values_compared import Comparison, brief

# Comma-separated query values whose order says nothing.
NAME_LISTS = ("fields", "expand")
# Reads of Jira's version 2, which version 3 has under the same names.
READ_OF_2 = re.compile(r"^GET /rest/api/2/")
HEADERS = ("authorization", "x-atlassian-token", "x-experimentalapi")


def compare(recorded: list[dict], ours: list[dict], masks, arguments: dict) -> list[Difference]:
    """Pairs the requests and compares each pair; what has no partner is missing or extra."""
    found, paired, left = [], [], list(ours)
    for request in recorded:
        candidates = [own for own in left if is_same(request, own)]
        if not candidates:
            found.append(Difference(f"request {named(request)}: missing", brief(request["query"])))
            continue
        compared = [(differences(request, own, masks, arguments), own) for own in candidates]
        fewest, partner = min(compared, key=lambda pair: len(pair[0]))
        left.remove(partner)
        paired.append(partner)
        found += fewest
    found += [Difference(f"request {whole(own)}: extra") for own in left]
    writes = [own for own in paired if own["method"] != "GET"]
    if writes != sorted(writes, key=lambda own: own["seq"]):
        found.append(Difference("request order of writes", ", ".join(map(named, writes))))
    return found


def is_same(recorded: dict, ours: dict) -> bool:
    """Whether a request of ours is the recorded one; texts of Jira may be read by version 3 instead of 2."""
    return named(ours) in (named(recorded), READ_OF_2.sub("GET /rest/api/3/", named(recorded)))


def named(request: dict) -> str:
    return f"{request['method']} {unquote(gateway(request)[1])}"


def gateway(request: dict) -> tuple[str, str]:
    """The part of a path that leads through the gateway to a site, and the rest, which is the product's own.

    Atlassian documents Confluence behind the gateway below `/wiki`; the reference server asks with it and without.
    """
    found = re.match(r"(/ex/(?:jira|confluence)/[^/]+)(/wiki(?=/))?", request["path"])
    return (found[1], request["path"][found.end() :]) if found else ("", request["path"])


def whole(request: dict) -> str:
    """A request with its query, so that a row of the table allows exactly this one."""
    query = "&".join(f"{name}={value}" for name, value in request["query"])
    return f"{named(request)}?{query}" if query else named(request)


def differences(recorded: dict, ours: dict, masks, arguments: dict) -> list[Difference]:
    comparison = Comparison(f"request {named(recorded)}:", masks, arguments)
    if named(recorded) != named(ours):
        comparison.differs("version", "value", named(ours))
    query(comparison, grouped(recorded["query"]), grouped(ours["query"]))
    comparison.compare("$", recorded["body"], ours["body"])
    for name in HEADERS:
        header(comparison, name, recorded["headers"].get(name), ours["headers"].get(name))
    if recorded["body"] is not None:
        header(comparison, "content-type", recorded["headers"].get("content-type"), ours["headers"].get("content-type"))
    if not any(kind in ours["headers"].get("accept", "*/*") for kind in ("application/json", "*/*")):
        comparison.differs("header accept", "value", ours["headers"]["accept"])
    if recorded.get("host") and recorded["host"] != ours["host"]:
        comparison.differs("host", "value", ours["host"])
    if gateway(recorded)[0] != gateway(ours)[0]:
        comparison.differs("gateway", "value", ours["path"])
    return comparison.found


def query(comparison: Comparison, recorded: dict, ours: dict):
    for name in recorded.keys() | ours.keys():
        theirs, own = recorded.get(name), ours.get(name)
        if theirs is None or own is None:
            comparison.differs(f"query {name}", "extra" if theirs is None else "missing", brief(own or theirs))
        elif name in NAME_LISTS:
            comparison.sets(f"query {name}", names(theirs), names(own))
        else:
            comparison.compare(f"query {name}", theirs, own)


def grouped(pairs: list) -> dict[str, list[str]]:
    """A query as the values of each name, in an order of their own."""
    values: dict[str, list[str]] = {}
    for name, value in sorted(map(tuple, pairs)):
        values.setdefault(name, []).append(value)
    return values


def names(values: list[str]) -> set[str]:
    return {name for value in values for name in value.split(",")}


def header(comparison: Comparison, name: str, recorded: str | None, ours: str | None):
    """Compares the part before the secret or the parameters: the scheme, the media type."""
    first = [value and value.split(" ")[0].split(";")[0].lower() for value in (recorded, ours)]
    if first[0] != first[1]:
        comparison.differs(f"header {name}", "value", f"{first[1]} instead of {first[0]}")
