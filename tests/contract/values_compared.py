"""Compares a recorded JSON value with ours: the same keys, the same types, the same values.

Text that went through a converter is compared for being there, not word for word: converters have tests of their own.
Text that the reference server passed on unchanged is passed on unchanged here too.
"""

import re

from differences import Difference
from masks import MORE

# Where converted text stands: Markdown, wiki markup, storage format or an ADF document.
CONVERTED = re.compile(r"(?:.*[.\]])?(?:description|body|comment|(?:content|body|storage|wiki)\.value)")
# Lists of names whose order says nothing.
SETS = re.compile(r"\$\.fields")


class Comparison:
    """Compares values of one call, and collects what differs under a common prefix."""

    def __init__(self, prefix: str, masks, arguments: dict):
        self.prefix = prefix
        self.masks = masks
        self.given = set(texts_of(arguments))
        self.found: list[Difference] = []

    def differs(self, path: str, what: str, detail: str = ""):
        difference = Difference(f"{self.prefix} {path}: {what}", detail)
        if all(difference.what != found.what for found in self.found):
            self.found.append(difference)

    def compare(self, path: str, recorded, ours):
        """Compares two values at a path; list elements share one path."""
        if CONVERTED.fullmatch(path) and self.is_converted(recorded):
            self.presence(path, recorded, ours)
        elif isinstance(recorded, dict) and isinstance(ours, dict):
            self.objects(path, recorded, ours)
        elif isinstance(recorded, list) and isinstance(ours, list):
            self.lists(path, recorded, ours)
        elif isinstance(recorded, str) and isinstance(ours, str):
            if not self.masks.same_text(recorded, ours):
                self.differs(path, "value", f"{brief(ours)} instead of {brief(recorded)}")
        elif kind(recorded) != kind(ours):
            self.differs(path, "type", f"{kind(ours)} instead of {kind(recorded)}")
        elif recorded != ours:
            self.differs(path, "value", f"{brief(ours)} instead of {brief(recorded)}")

    def objects(self, path: str, recorded: dict, ours: dict):
        for name in recorded.keys() - ours.keys():
            self.differs(f"{path}.{name}", "missing", brief(recorded[name]))
        for name in ours.keys() - recorded.keys():
            self.differs(f"{path}.{name}", "extra", brief(ours[name]))
        for name in recorded:
            if name in ours:
                self.compare(f"{path}.{name}", recorded[name], ours[name])

    def lists(self, path: str, recorded: list, ours: list):
        if SETS.fullmatch(path) and all(isinstance(name, str) for name in recorded + ours):
            self.sets(path, set(recorded), set(ours))
            return
        length = len(recorded)
        if recorded and isinstance(recorded[-1], str) and (more := MORE.fullmatch(recorded[-1])):
            recorded = recorded[:-1]
            length = len(recorded) + int(more["count"])
        if length != len(ours):
            self.differs(path, "length", f"{len(ours)} instead of {length}")
        for theirs, own in zip(recorded, ours):
            self.compare(f"{path}[]", theirs, own)

    def sets(self, path: str, recorded: set, ours: set):
        """Compares names whose order says nothing, each by itself."""
        for name in sorted(recorded - ours):
            self.differs(f"{path} {name}", "missing")
        for name in sorted(ours - recorded):
            self.differs(f"{path} {name}", "extra")

    def is_converted(self, recorded) -> bool:
        if isinstance(recorded, dict):
            return recorded.get("type") == "doc"
        # Storage format in a result is what Confluence stored, byte for byte; a request's is the converter's.
        raw = (isinstance(recorded, str) and recorded in self.given) or (self.prefix == "result" and str(recorded).startswith("<"))
        return isinstance(recorded, str) and not raw

    def presence(self, path: str, recorded, ours):
        if kind(recorded) != kind(ours):
            self.differs(path, "type", f"{kind(ours)} instead of {kind(recorded)}")
        elif bool(content(recorded)) != bool(content(ours)):
            self.differs(path, "presence", brief(ours))


def content(text):
    """What makes a text or an ADF document more than empty."""
    return text.get("content") if isinstance(text, dict) else text


def texts_of(value):
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts_of(inner)


def kind(value) -> str:
    """The JSON type."""
    if isinstance(value, bool):
        return "boolean"
    names = {dict: "object", list: "array", str: "string", int: "number", float: "number", type(None): "null"}
    return names[type(value)]


def brief(value) -> str:
    """A value, short enough for one line."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
