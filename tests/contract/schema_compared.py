"""Compares how a tool is declared: its arguments, its hints, its toolset and where it is offered."""

from differences import Difference

CONSTRAINTS = ("type", "minimum", "maximum", "pattern", "items", "default")


def compare(recorded: dict, facts: dict, offered: dict | None, mode: str) -> list[Difference]:
    """Compares one tool; `facts` is what `tools --json` says, `offered` what a client of this mode is told."""
    found = []

    def differs(what: str, theirs, own):
        if theirs != own:
            found.append(Difference(f"schema {what}", f"{own!r} instead of {theirs!r}"))

    differs("offered", recorded[f"on_{mode.removesuffix('_oauth')}"], offered is not None)
    for name in ("toolset", "access"):
        differs(name, recorded[name], facts[name])
    if offered is None:
        return found
    hints = offered.get("annotations") or {}
    for name in ("readOnlyHint", "destructiveHint"):
        # Both hints have the default false for what only reads.
        differs(f"annotations {name}", recorded["annotations"].get(name, False), hints.get(name, False))
    schema = offered["inputSchema"]
    differs("additionalProperties", recorded["additionalProperties"], schema.get("additionalProperties"))
    arguments(recorded["parameters"], schema, differs)
    return found


def arguments(recorded: list[dict], schema: dict, differs):
    """Compares the arguments, each by its name."""
    properties = schema.get("properties", {})
    required = schema.get("required", [])
    for name in properties.keys() - {argument["name"] for argument in recorded}:
        differs(f"argument {name}: extra", None, properties[name])
    for argument in recorded:
        name = argument["name"]
        if name not in properties:
            differs(f"argument {name}: missing", argument, None)
            continue
        differs(f"argument {name}: required", argument["required"], name in required)
        for constraint in CONSTRAINTS:
            theirs, own = (plain(side.get(constraint), constraint, name) for side in (argument, properties[name]))
            differs(f"argument {name}: {constraint}", theirs, own)


def plain(value, constraint: str, name: str):
    """The default of `fields` is a set that is written in any order."""
    if constraint == "default" and name == "fields" and isinstance(value, str):
        return sorted(value.split(","))
    return value
