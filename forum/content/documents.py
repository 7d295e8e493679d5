"""Documents as TOML, and as Markdown behind front matter in YAML; a written file reads back as the same document."""

import tomllib
from collections.abc import Hashable
from typing import Any

import tomli_w
import yaml

from forum.content.shapes import Document, Where, of_kind, unix
from forum.tidying import trim

BODY = "body"
FENCE = "---\n"


def read_toml(text: str, where: Where) -> Document:
    """Return the content of a TOML file. Raises BadFile."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        where.refuse(f"is no valid TOML: {problem}")


def write_toml(document: Document) -> str:
    """Return the document as a TOML file."""
    return tomli_w.dumps(document, multiline_strings=True)


def read_markdown(text: str, where: Where) -> Document:
    """Return the front matter of a Markdown file, with its text as `body`. Raises BadFile."""
    text = unix(text)
    matter, fence, body = f"\n{text.removeprefix(FENCE)}\n".partition(f"\n{FENCE}")
    if not text.startswith(FENCE) or not fence:
        where.refuse("has to begin with front matter between two lines ---")
    try:
        fields = yaml.load(matter.removeprefix("\n"), Loader=FrontMatterReader)  # noqa: S506 - it is a SafeLoader
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 2 if problem.problem_mark else 1
        where.refuse(f"the front matter is no valid YAML: {problem.problem} (line {line})")
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as problem:
        where.refuse(f"the front matter is no valid YAML: {str(problem).splitlines()[0]}")
    if BODY in of_kind({} if fields is None else fields, dict, where):
        where.at(BODY).refuse("is not known here; the text stands below the front matter")
    return {**(fields or {}), BODY: body_of(body)}


def write_markdown(document: Document) -> str:
    """Return the document as a Markdown file with front matter."""
    fields = {name: value for name, value in document.items() if name != BODY}
    matter = yaml.dump(
        fields, Dumper=FrontMatterWriter, allow_unicode=True, sort_keys=False, width=float("inf")
    )
    body = body_of(document[BODY])
    return f"{FENCE}{matter}{FENCE}{body}\n" if body else f"{FENCE}{matter}{FENCE}"


def body_of(text: str) -> str:
    """Return the text below a file's front matter in the form in which the database has texts."""
    return trim(text)


class FrontMatterReader(yaml.SafeLoader):
    """A YAML loader that reads plain values only, and refuses aliases and a key that occurs twice in a mapping."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse an alias such as `*name`: a few of them can stand for millions of values."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem="it refers to another value by *", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a mapping that has the same key twice."""
        seen = set()
        for key, _value in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value} stands there twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class FrontMatterWriter(yaml.SafeDumper):
    """A YAML dumper that writes each text on one line, and no anchors or aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write a value that occurs twice in full each time: readers of front matter refuse aliases."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent the entries of a list below its key."""
        super().increase_indent(flow, False)


def _represent_text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Write a text of several lines in quotes: a block of YAML could hold a line that ends the front matter."""
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style='"' if "\n" in text else None)


FrontMatterWriter.add_representer(str, _represent_text)
