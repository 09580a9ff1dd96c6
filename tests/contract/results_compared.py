"""Compares what a client gets: whether the call failed, and the JSON in its text."""

import json

from differences import Difference
from values_compared import Comparison, brief


def compare(recorded: dict, ours: dict, masks, arguments: dict) -> list[Difference]:
    """Compares a result; a failure is a sentence of our own, so only its being there is compared."""
    failed = bool(ours.get("isError"))
    if ours.get("error"):
        return [Difference("result: JSON-RPC error", brief(ours["error"]))]
    if failed != recorded["isError"]:
        return [Difference(f"result isError: {str(failed).lower()}", brief(ours["content"]))]
    comparison = Comparison("result", masks, arguments)
    structured = ours.get("structuredContent") is not None
    if structured != recorded["has_structuredContent"]:
        comparison.differs("structuredContent", "extra" if structured else "missing")
    if len(ours["content"]) != len(recorded["content"]):
        comparison.differs("content", "length", f"{len(ours['content'])} instead of {len(recorded['content'])}")
    for theirs, own in zip(recorded["content"], ours["content"]):
        item(comparison, theirs, own)
    return comparison.found


def item(comparison: Comparison, recorded: dict, ours: dict):
    """Compares one content item."""
    if recorded["type"] != ours["type"]:
        comparison.differs("content type", "value", f"{ours['type']} instead of {recorded['type']}")
    elif recorded["type"] != "text":
        told = {name: value for name, value in recorded.items() if name != "shape"}
        comparison.compare("content", told, ours)
    elif "json" in recorded:
        try:
            value = json.loads(ours["text"])
        except ValueError:
            comparison.differs("content", "not JSON", brief(ours["text"]))
            return
        comparison.compare("$", recorded["json"], value)
    elif not ours["text"].strip():
        comparison.differs("content", "empty")
