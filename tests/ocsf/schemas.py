"""Writes the JSON schemas of OCSF events as the published schema of a version has them.

    schemas.py DIRECTORY VERSION CLASS...
"""

import json
import sys
from pathlib import Path

from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

# The profiles that `audit export` may name.
PROFILES = ["security_control", "trace"]

directory, version, *classes = sys.argv[1:]
schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version))
for name in classes:
    text = json.dumps(schema.get_class_schema(name, profiles=PROFILES))
    (Path(directory) / f"{name}.json").write_text(text, encoding="utf-8")
