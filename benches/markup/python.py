"""How fast the reference server's libraries convert: bytes a second, as JSON. Arguments: a storage and a Markdown file."""

import json
import pathlib
import sys
import time

from markdownify import markdownify
from md2conf.converter import (
    ConfluenceConverterOptions,
    ConfluenceStorageFormatConverter,
    elements_from_string,
    elements_to_string,
    markdown_to_html,
)


def to_markdown(storage):
    return markdownify(storage)


def to_storage(markdown):
    root = elements_from_string(markdown_to_html(markdown))
    path = pathlib.Path("page.md")
    ConfluenceStorageFormatConverter(ConfluenceConverterOptions(), path, pathlib.Path("."), pathlib.Path("."), {}).visit(root)
    return elements_to_string(root)


def rate(convert, file):
    document = pathlib.Path(file).read_text()
    best = min(timed(convert, document) for _ in range(3))
    return len(document.encode()) / best


def timed(convert, document):
    since = time.perf_counter()
    convert(document)
    return time.perf_counter() - since


print(json.dumps({
    "storage to markdown": rate(to_markdown, sys.argv[1]),
    "markdown to storage": rate(to_storage, sys.argv[2]),
}))
