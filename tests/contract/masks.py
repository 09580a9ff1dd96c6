"""What the recorder wrote instead of values that change from run to run, and how such a text is compared."""

import re
from pathlib import Path

# A sentence of the reference server: ours only has to say something.
SENTENCE = "<text>"
# A long text is cut; its length is kept.
CUT = re.compile(r"(?P<start>.*)…\((?P<length>\d+) chars\)", re.DOTALL)
# A long list is cut; how many are missing is kept.
MORE = re.compile(r"…(?P<count>\d+) more")
PATTERNS = {"{uuid}": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "{epoch_ms}": r"\d{13}"}


class Masks:
    """The values of one run behind the recorded names."""

    def __init__(self, base: str, directory: Path):
        self.values = {"{base}": base, "{cwd}": str(directory)}

    def fill(self, recorded):
        """The recorded value with the names replaced."""
        if isinstance(recorded, dict):
            return {name: self.fill(value) for name, value in recorded.items()}
        if isinstance(recorded, list):
            return [self.fill(value) for value in recorded]
        if isinstance(recorded, str):
            for name, value in self.values.items():
                recorded = recorded.replace(name, value)
        return recorded

    def files_named_in(self, arguments) -> list[Path]:
        """The files in the server's directory that a call names."""
        text = repr(arguments)
        return [Path(self.values["{cwd}"]) / name for name in re.findall(r"\{cwd\}/([\w.-]+)", text)]

    def same_text(self, recorded: str, ours: str) -> bool:
        """Whether a text is what was recorded, as far as the recording says."""
        if recorded == SENTENCE:
            return ours != ""
        recorded = self.fill(recorded)
        if cut := CUT.fullmatch(recorded):
            return ours.startswith(cut["start"]) and len(ours) == int(cut["length"])
        if not any(name in recorded for name in PATTERNS):
            return recorded == ours
        pattern = re.escape(recorded)
        for name, shape in PATTERNS.items():
            pattern = pattern.replace(re.escape(name), shape)
        return re.fullmatch(pattern, ours) is not None
