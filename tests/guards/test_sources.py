"""Rules that the source code must follow, checked by parsing it; each exception is listed with its reason.

- No SQL is concatenated: values are bound, names come from models (S34).
- No text is run as a template, a format or code (S37).
- Only the listed files open a connection, start a program, unpack an archive or read a foreign file format: no URL
  that a user chose is fetched (S40), and no file that a user sent is opened (S30).
- No query string or form is spread into a call or a dictionary: the sender would choose the names, such as `_method`
  for `url_for`.
- Only views and the listed files read or write the request, the session, `g` or a flashed message.
- Imports go one way: the import contracts fit on a page and have no exception.
"""

import ast
import re
from collections.abc import Callable, Iterator

import pytest

from forum.settings.project import PROJECT

SQL = re.compile(
    r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|PRAGMA|BEGIN|ORDER BY|WHERE|CREATE|ALTER|DROP|IN \()"
)
SENT = re.compile(r"\brequest\.(args|form|values)\b(?!\.get\()")
# Functions whose first argument is SQL.
TAKES_SQL = {
    "text",
    "literal_column",
    "exec_driver_sql",
    "DDL",
    "CheckConstraint",
    "executescript",
}
# Modules that may build SQL from pieces: how often, and which pieces. None of these comes from a request.
BUILT_SQL = {
    "forum/columns.py": 1,  # a check constraint with the codes of an enumeration
    "forum/database.py": 2,  # names of pragmas and kinds of BEGIN
    "forum/migrating.py": 2,  # constants of the module, and the text of a trigger that the schema has
    # The module builds no SQL: Pillow's function that draws letters is called `text`, as SQLAlchemy's is.
    "forum/web/share_picture.py": 1,
}
# Functions that run, compile or format a text, which is dangerous if the text comes from outside.
RUNS_TEXT = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "from_string",
    "render_template_string",
    "format",
    "format_map",
}
# Modules that may call functions of RUNS_TEXT: how often, and why that is safe.
RUN_TEXT = {
    "forum/commands/after_restore.py": 1,  # this module writes SQL for psql, without values from outside
    "forum/commands/counters.py": 1,  # this module formats a message of the command, not a text from outside
    "forum/commands/events.py": 1,  # this module formats a message of the command, not a text from outside
    "forum/commands/organisers.py": 2,  # this module formats messages of the command, not a text from outside
    "forum/web/countries.py": 3,  # this module calls Markup.format, which escapes the values that it fills in
    # This module compiles the project's own markup, which reads texts from outside as data.
    "forum/web/typeset.py": 1,
}
# Modules of Python and of packages that reach a program, a connection or a foreign file format.
REACHING = {
    *(
        "ctypes",
        "ftplib",
        "http",
        "imaplib",
        "poplib",
        "smtplib",
        "socket",
        "ssl",
        "subprocess",
    ),
    *("httpx", "requests", "urllib.request", "urllib3", "aiohttp", "webbrowser", "xmlrpc"),
    *("bz2", "lzma", "shelve", "marshal", "pickle", "tarfile", "zipfile", "openpyxl", "yaml", "frontmatter"),
    *("xml", "lxml", "defusedxml", "PIL", "obstore", "s3fs", "boto3", "botocore", "typst", "dns"),
}
# Modules of the forum that may import modules of REACHING, each with what it does with them.
REACH = {
    "forum/commands/backups.py": {"subprocess"},  # this module runs pg_dump
    # These modules pack and unpack the backups that the operator asks for.
    "forum/commands/archives.py": {"tarfile"},
    "forum/commands/backup_images.py": {"tarfile"},
    # encoding.py opens images that organisers send; making.py runs it as a process with little memory and time.
    "forum/images/encoding.py": {"PIL"},
    "forum/images/making.py": {"subprocess"},
    "forum/images/bucket.py": {"obstore"},  # this module connects to the storage that the settings name
    # This module asks the forum's own public address, when the operator runs `forum doctor`.
    "forum/commands/underscores.py": {"http", "urllib.request"},
    "forum/commands/serving.py": {"socket"},  # this module checks the port on which the server will listen
    # This module asks DNS, when the operator runs `forum doctor mail`.
    "forum/health/dns_lookups.py": {"dns"},
    # This module names the errors of a connection, and connects to nothing.
    "forum/health/tls_faults.py": {"smtplib", "socket", "ssl"},
    "forum/events/drafts.py": {"frontmatter"},  # the front matter of the project's own drafts is read
    # This module reads the front matter of content files, restricted to plain values.
    "forum/content/documents.py": {"yaml"},
    # This module draws pictures, and opens only those that it has drawn itself.
    "forum/web/share_picture.py": {"PIL"},
    "forum/settings/nonsense.py": {"ssl"},  # this module reads the certificate files that the settings name
    # This module reads tables that organisers send, within bounds.
    "forum/web/xlsx_reading.py": {"xml", "zipfile"},
    # typeset.py sets documents from markup of the project's own; typesetting.py runs it as a process with limits.
    "forum/web/typeset.py": {"typst"},
    "forum/web/typesetting.py": {"subprocess"},
    "forum/web/workbooks.py": {"zipfile"},  # this module writes exports, and opens no file
    "forum/jobs/worker.py": {"socket"},  # this module asks for the host name, a part of the worker's name
    # This module opens nothing: it reads the mail server's answers from the exceptions that smtplib raises.
    "forum/outbox/answers.py": {"smtplib"},
    # This module opens nothing: it waits for answers over connections that `outbox/transport` has opened.
    "forum/outbox/late_answers.py": {"smtplib"},
    # This module connects to the mail server that the settings name.
    "forum/outbox/transport.py": {
        "smtplib",
        "socket",
        "ssl",
    },
}
# Names of Flask that belong to a request: only the files in VIEWS may import them.
OF_A_REQUEST = {"flask.request", "flask.session", "flask.g", "flask.flash", "flask.after_this_request"}
# Files that may use the request: first modules with views, then those named below.
VIEWS = {
    *("forum/home/public.py", "forum/console/previews.py"),
    *("forum/home/site.py", "forum/console/outbox.py", "forum/console/navigation.py"),
    "forum/console/waits.py",
    *(
        "forum/console/pages.py",
        "forum/console/library.py",
        "forum/console/image_choice.py",
        "forum/images/public.py",
        "forum/console/page_revisions.py",
        "forum/console/page_writing.py",
        "forum/news/writing.py",
        "forum/news/assisting.py",
        "forum/news/console.py",
        "forum/news/publishing.py",
        "forum/news/revision_pages.py",
    ),
    *("forum/console/sector_settings.py", "forum/console/settings_editing.py"),
    *("forum/bulk/console.py", "forum/bulk/choice_pages.py", "forum/bulk/undo_pages.py"),
    "forum/bulk/asking.py",
    *("forum/console/mail_texts.py", "forum/console/mailings.py", "forum/console/organisations.py"),
    *("forum/console/own_mailings.py", "forum/console/own_mailing_tools.py"),
    *(
        "forum/console/own_mailing_words.py",
        "forum/console/sent_mailings.py",
        "forum/console/reminders.py",
        "forum/console/reminder_rules.py",
        "forum/mailings/public.py",
        "forum/followers/public.py",
    ),
    "forum/console/organisation_merging.py",
    *("forum/review/console.py", "forum/review/many.py", "forum/review/panel.py"),
    *("forum/review/many_proposed.py", "forum/review/rounds.py"),
    *("forum/console/categories.py", "forum/console/hashtags.py"),
    *("forum/console/glossary.py", "forum/console/redirects.py"),
    *("forum/console/look_settings.py", "forum/console/sector_merging.py"),
    *("forum/console/question_settings.py", "forum/console/question_editing.py"),
    *(
        "forum/console/new_event.py",
        "forum/console/publication.py",
        "forum/console/cancellation.py",
        "forum/news/old_addresses.py",
    ),
    *("forum/accounts/public.py", "forum/accounts/own_account.py", "forum/accounts/passkey_pages.py"),
    *("forum/accounts/console.py", "forum/accounts/colleague_pages.py"),
    *("forum/news/public.py", "forum/news/feeds.py"),
    *(
        "forum/console/counts.py",
        "forum/console/log.py",
        "forum/console/log_export.py",
        "forum/console/public_balance.py",
    ),
    "forum/console/switching.py",
    "forum/registration/waiting_pages.py",
    *(
        "forum/registration/public.py",
        "forum/registration/self_service.py",
        "forum/registration/own_calendar.py",
        "forum/registration/console.py",
    ),
    *("forum/registration/organisers_notes.py", "forum/registration/organisers_columns.py"),
    *("forum/registration/organisers_views.py", "forum/registration/organisers_exports.py"),
    "forum/registration/organisers_reception.py",
    "forum/registration/exporting.py",
    "forum/registration/organisers_merges.py",
    *("forum/registration/organisers_undoing.py", "forum/registration/organisers_answers.py"),
    *("forum/registration/person_page.py", "forum/registration/organisers_moves.py"),
    *("forum/registration/organisers_addresses.py", "forum/registration/own_moves.py"),
    "forum/registration/own_offer.py",
    "forum/registration/organisers_suppressions.py",
    *("forum/registration/organisers_additions.py", "forum/delegations/substitution_pages.py"),
    *("forum/reveals/console.py", "forum/reveals/telephone.py"),
    *("forum/delegations/public.py", "forum/delegations/contact_pages.py", "forum/delegations/console.py"),
    *("forum/delegations/contact_additions.py", "forum/delegations/contact_answers.py"),
    "forum/delegations/contact_opening.py",  # several pages of a delegation's contact share this module
    *("forum/invitations/console.py", "forum/invitations/many_pages.py", "forum/invitations/public.py"),
    *("forum/invitations/change_pages.py", "forum/imports/console.py", "forum/imports/table_pages.py"),
    "forum/invitations/release_pages.py",
    *("forum/privacy/own_everything.py", "forum/privacy/own_requests.py", "forum/privacy/console.py"),
    *("forum/privacy/own_restriction.py", "forum/privacy/restriction_pages.py"),
    # Modules with helpers of views.
    *("forum/accounts/access.py", "forum/accounts/sign_ins.py", "forum/accounts/kept_words.py"),
    "forum/accounts/autosaves.py",
    *("forum/accounts/demo.py", "forum/events/in_url.py", "forum/registration/answer_cookies.py"),
    *("forum/registration/own_sign_in.py", "forum/registration/own_forms.py"),
    *("forum/registration/sign_in_end.py", "forum/registration/page_of.py"),
    "forum/questions/uploads.py",
    "forum/delegations/contact_sign_in.py",
    "forum/registration/organisers_words.py",
    *("forum/registration/own_care.py", "forum/registration/form_pages.py"),
    "forum/audit/traces.py",
    # Modules that need the request to encrypt cookies and to write log lines.
    *("forum/sealed_cookies.py", "forum/logs.py"),
    # Not a view: `forum db` sets `g`, because Flask-Migrate reads its settings there.
    "forum/commands/database.py",
}
# Attributes of `g` that describe the current request. Data for templates must be passed to them instead.
LEFT_IN_G = {
    "forum/accounts/sign_ins.py": {"sign_in", "event_id", "content_version", "user", "user_language"},
    "forum/console/waits.py": {"waits"},  # both the navigation and the overview show these numbers
    "forum/commands/database.py": {"directory", "x_arg"},  # Flask-Migrate reads these attributes
    "forum/events/in_url.py": {"event", "preview"},  # the layout reads these attributes, on error pages too
    "forum/home/site.py": {"layout_parts"},  # the data of the layout, which several of its parts share
    "forum/registration/page_of.py": {"page_of"},  # each form of an own page names whom its page is about
    "forum/registration/sign_in_end.py": {"sign_in_end"},  # the layout of own pages announces when they close
    "forum/web/errors.py": {"cause"},  # the log line, written when the request ends, states this cause
    "forum/web/languages.py": {"language"},
    "forum/web/requests.py": {"started", "reference"},
}
Find = Callable[[ast.AST], Iterator[str]]


def over_all(find: Find) -> dict[str, list[str]]:
    """Run a check on each source file; return what it finds by file, as "line: finding"."""
    found = {}
    for path in sorted((PROJECT / "forum").rglob("*.py")):
        if listed := list(find(ast.parse(path.read_text()))):
            found[path.relative_to(PROJECT).as_posix()] = listed
    return found


def built_sql(tree: ast.AST) -> Iterator[str]:
    """Yield SQL that is concatenated, and arguments passed as SQL that are no literal."""
    for node in ast.walk(tree):
        if _is_built(node) and SQL.search(_words(node)):
            yield f"{node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.Call) and _name(node) in TAKES_SQL and node.args:
            first = node.args[0]
            is_fixed = _is_constant(first) or (isinstance(first, ast.JoinedStr) and not _is_built(first))
            # Do not yield an argument of concatenated SQL twice: `ast.walk` reaches it by itself, too.
            if not is_fixed and not (_is_built(first) and SQL.search(_words(first))):
                yield f"{node.lineno}: {ast.unparse(node)}"


def run_text(tree: ast.AST) -> Iterator[str]:
    """Yield calls that evaluate or format a text at runtime."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node) in RUNS_TEXT and not _is_of(node, "re"):
            yield f"{node.lineno}: {ast.unparse(node)}"


def reaching(tree: ast.AST) -> Iterator[str]:
    """Yield imports of modules that reach a program, a connection or a foreign file format (REACHING)."""
    for names in _imported(tree):
        yield from sorted(
            {found for name in names for found in REACHING if f"{name}.".startswith(f"{found}.")}
        )


def spread_requests(tree: ast.AST) -> Iterator[str]:
    """Yield each spreading of a request's fields, names included, into a call or a dictionary."""
    for node in ast.walk(tree):
        spread = []
        if isinstance(node, ast.Call):
            spread = [keyword.value for keyword in node.keywords if keyword.arg is None]
        elif isinstance(node, ast.Dict):
            spread = [value for key, value in zip(node.keys, node.values, strict=True) if key is None]
        yield from (ast.unparse(part) for part in spread if SENT.search(ast.unparse(part)))


def of_a_request(tree: ast.AST) -> Iterator[str]:
    """Yield imports of Flask's request, session and `g`."""
    for names in _imported(tree):
        yield from sorted(
            {name for name in names if name == "flask" or name in OF_A_REQUEST} - _module(names)
        )


def left_in_g(tree: ast.AST) -> Iterator[str]:
    """Yield the attributes of `g` that are set."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_g(node.value):
            yield node.attr
        elif isinstance(node, ast.Call) and _name(node) in {"setattr", "setdefault"}:
            yield from (ast.unparse(node) for part in ast.walk(node) if _is_g(part))


def _is_g(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "g"


def _imported(tree: ast.AST) -> Iterator[list[str]]:
    """Yield the names of each import; of `from a import b` both a and a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            yield [node.module or "", *(f"{node.module}.{name.name}" for name in node.names)]


def _module(names: list[str]) -> set[str]:
    """Return the module's name if this is a `from` import, for which only the names after `import` count."""
    return {names[0]} if len(names) > 1 else set()


def _is_built(node: ast.AST) -> bool:
    """Return whether a text is built from pieces: f"…{x}", "…" + x, "…" % x, "…".format(x), ", ".join(x)."""
    if isinstance(node, ast.JoinedStr):
        return not all(_is_constant(getattr(part, "value", part)) for part in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add | ast.Mod)
    return isinstance(node, ast.Call) and _name(node) in {"format", "join", "format_map", "replace"}


def _is_constant(node: object) -> bool:
    """Return whether this is a literal text or a constant of the module."""
    return isinstance(node, ast.Constant | str) or (isinstance(node, ast.Name) and node.id.isupper())


def _words(node: ast.AST) -> str:
    """Return the literal pieces of a text that an expression builds from pieces."""
    parts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
    return " ".join(part for part in parts if isinstance(part, str))


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_of(call: ast.Call, module: str) -> bool:
    return isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == module


def called_found(tree: ast.Module) -> Iterator[str]:
    """Yield each variable and parameter with the name found, which does not say what its value is."""
    for node in ast.walk(tree):
        is_variable = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == "found"
        if is_variable or (isinstance(node, ast.arg) and node.arg == "found"):
            yield f"line {node.lineno}"


def test_no_sql_is_put_together():
    found = over_all(built_sql)
    assert {path: len(lines) for path, lines in found.items()} == BUILT_SQL, found


def test_no_text_is_run():
    found = over_all(run_text)
    assert {path: len(lines) for path, lines in found.items()} == RUN_TEXT, found


def test_only_listed_files_reach_outside():
    assert {path: set(names) for path, names in over_all(reaching).items()} == REACH


def test_no_request_names_arguments():
    assert over_all(spread_requests) == {}


def test_rules_know_no_request():
    found = {path for path in over_all(of_a_request) if not path.startswith("forum/web/")}
    assert found == VIEWS


def test_views_pass_what_a_page_shows():
    assert {path: set(names) for path, names in over_all(left_in_g).items()} == LEFT_IN_G


def test_nothing_is_called_found():
    assert over_all(called_found) == {}


def test_import_contracts_have_no_exception():
    """The import contracts are short and ignore no import."""
    settings = (PROJECT / "pyproject.toml").read_text()
    contracts = settings[settings.index("[tool.importlinter]") :]
    headings = set(re.findall(r"^\[+([\w.]+)\]", contracts, re.MULTILINE))
    assert headings == {"tool.importlinter", "tool.importlinter.contracts"}
    assert len(contracts.splitlines()) <= 40
    assert "ignore_imports" not in contracts


CONTROLS = {
    spread_requests: [
        "url_for(x, **request.args)",
        "values = {**request.args, **more}",
        "f(**request.form.to_dict())",
        "f(**{**request.values})",
    ],
    of_a_request: [
        "from flask import g",
        "from flask import Flask, request",
        "def f():\n    from flask import session",
        "import flask",
    ],
    left_in_g: ["g.x = 1", "g.x, y = 1, 2", "setattr(g, name, 1)", "g.setdefault('x', 1)"],
    built_sql: [
        'text(f"SELECT {x}")',
        'text("SELECT " + x)',
        'connection.exec_driver_sql("SELECT %s" % x)',
        'session.execute("DELETE FROM a WHERE b = {}".format(x))',
        'text(" AND ".join(x))',
        "text(x)",
        "literal_column(request.args['sort'])",
        'CheckConstraint(f"a IN ({codes})")',
        'x = f"UPDATE a SET b = {x}"',
    ],
    called_found: [
        "found = f()",
        "found, x = f()",
        "if found := f(): pass",
        "for found in x: pass",
        "lambda found: 1",
    ],
    run_text: [
        "eval(x)",
        "x.format(y)",
        "env.from_string(x)",
        "render_template_string(x)",
        "x.format_map(y)",
    ],
    reaching: [
        "import urllib.request",
        "from urllib import request",
        "import xml.etree.ElementTree as ET",
        "def f():\n    import pickle",
        "from zipfile import ZipFile",
    ],
}
HARMLESS = {
    spread_requests: ["f(**values)", "f(request.args)", "{**known, 'next': request.args.get('next')}"],
    of_a_request: [
        "from flask import current_app, url_for",
        "from flask.typing import ResponseReturnValue",
        "from forum import g",
    ],
    left_in_g: ["x = g.y", "g.get('x')", "x.g = 1", "setattr(x, 'y', 1)"],
    built_sql: [
        'text("SELECT 1")',
        "text(COUNT)",
        'CheckConstraint(f"a IN ({CODES})")',
        "select(a).where(b == c)",
        'f"{x} where"',
        '"a" + "b"',
    ],
    called_found: ["Found(found=1)", "x.found", "is_found = 1"],
    run_text: ["re.compile(x)", "formatted(x)", 'f"{x}"'],
    reaching: ["import re", "from urllib.parse import urlsplit", "import httpxx"],
}


@pytest.mark.parametrize(
    ("find", "source"), [(find, source) for find in CONTROLS for source in CONTROLS[find]]
)
def test_what_may_not_be_is_found(find, source):
    """Control: each of these sources breaks the rule and is found."""
    assert list(find(ast.parse(source))) != []


@pytest.mark.parametrize(
    ("find", "source"), [(find, source) for find in HARMLESS for source in HARMLESS[find]]
)
def test_what_may_be_is_left_alone(find, source):
    assert list(find(ast.parse(source))) == []
