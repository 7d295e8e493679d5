"""The commands that serve, run as processes: they start, answer, replace a dead child process, and end (R24)."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from forum import clock
from forum.commands import serving
from forum.outbox import heartbeats
from forum.settings.project import PROJECT
from tools.forking import FORUM
from tools.forking import run as run_to_its_end
from tools.running import SECONDS, Running, children, is_alive, kill, prepare, wait_for


@pytest.fixture
def prepared(tmp_path, static_folder, sqlite_template):
    """Give an instance folder with tables and static files, but without the demo, which takes longer to load."""
    return prepare(tmp_path / "instance", static_folder, sqlite_template)


@pytest.fixture
def run(tmp_path) -> Iterator[Callable[..., Running]]:
    """Return a function that starts a serving command and waits until it answers; kill its processes after the test."""
    started: list[Running] = []

    def start(command: str, *options: str, **how: bool) -> Running:
        forum = Running(command, tmp_path, *options, **how)
        started.append(forum)
        wait_for(forum.answers, forum)
        return forum

    yield start
    for forum in started:
        kill(forum)


@pytest.mark.slow
@pytest.mark.long
def test_run_prepares_serves_and_ends_without_leaving_anything(run, tmp_path):
    # Everybody may open the folder, so only the mode of each file protects it.
    (tmp_path / "instance").mkdir(mode=0o755)
    forum = run("run", is_anew=True)
    wait_for(forum.is_ready, forum)

    status, page = forum.get("/en/")
    static = re.search(r'href="(/static/css/app\.[0-9a-f]+\.css)"', page)
    sheet = forum.get(static[1])
    pids = forum.pids()
    exit_status = forum.end()

    assert (status, sheet[0], exit_status, len(pids)) == (200, 200, 0, 5)
    assert [pid for pid in pids if is_alive(pid)] == []
    said = forum.output.read_text()
    assert f"The forum:   http://127.0.0.1:{forum.port}/\n" in said
    assert files_that_others_may_read(tmp_path / "instance") == []
    assert re.search(
        rf"The console: http://127\.0\.0\.1:{forum.port}/account/demo/\S{{43}} \(opens once", said
    )
    assert f"messages are files in {tmp_path}/instance/mail/" in said


def files_that_others_may_read(instance: Path) -> list[str]:
    """Return the files of the instance that other users may read, except static files, which are public."""
    left = [path for path in instance.iterdir() if path.name != "static"]
    assert {path.name for path in left} >= {"forum.sqlite3", "secret_key", "data_keys.json"}
    return sorted(path.name for path in left if path.stat().st_mode & 0o077)


@pytest.mark.slow
def test_second_start_keeps_what_the_first_one_made(run):
    first = run("run")
    first.end()
    made = first.output.read_text()

    second = run("run")
    second.end()

    assert first.process.returncode == second.process.returncode == 0
    link = re.compile(r"/account/demo/(\S+)")
    assert link.search(made)[1] != link.search(second.output.read_text())[1]


@pytest.mark.usefixtures("prepared")
def test_lost_worker_is_started_again(run):
    forum = run("serve")
    wait_for(forum.is_ready, forum)
    (worker,) = [pid for pid, below in forum.processes().items() if not below]

    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: [pid for pid, below in forum.processes().items() if not below and pid != worker], forum)

    assert forum.end() == 0


@pytest.mark.slow
@pytest.mark.usefixtures("prepared")
def test_lost_web_process_is_started_again(run):
    forum = run("serve")
    (web,) = [pid for pid, below in forum.processes().items() if below and pid != forum.process.pid]
    lost = children(web)[0]

    os.kill(lost, signal.SIGKILL)
    wait_for(lambda: len(children(web)) == 2 and lost not in children(web), forum)
    wait_for(forum.answers, forum)  # a restarted process needs a moment until it listens

    assert forum.end() == 0


@pytest.mark.usefixtures("prepared")
def test_no_process_outlives_the_command(run):
    forum = run("serve")
    pids = forum.pids()

    forum.process.kill()
    forum.process.wait(SECONDS)

    wait_for(lambda: not [pid for pid in pids if is_alive(pid)], forum)


ORPHAN = """
import multiprocessing, os, signal
from forum.commands import supervisor

def be_late():
    signal.signal(signal.SIGTERM, {on_term})
    multiprocessing.parent_process().join()
    supervisor.GRACE_SECONDS = 0
    supervisor.follow_parent()
    signal.sigwait([signal.SIGUSR1])

child = multiprocessing.get_context("fork").Process(target=be_late)
child.start()
print(child.pid, flush=True)
signal.pause()
"""


@pytest.mark.parametrize("on_term", ["signal.SIG_DFL", "signal.SIG_IGN"])
def test_a_process_ends_whose_parent_was_gone_before_it_looked(on_term):
    """A child process, even one that ignores SIGTERM, ends if its parent died before the child began to watch it."""
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN.format(on_term=on_term)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait(SECONDS)

    wait_for(lambda: not is_alive(child))


@pytest.mark.usefixtures("prepared")
def test_taken_port_is_named_with_a_way_out(run, tmp_path):
    forum = run("serve")

    other = run_to_its_end(
        *(FORUM, "serve", "--port", str(forum.port)),
        env={**os.environ, "FORUM_ENV": "development", "FORUM_INSTANCE": str(tmp_path / "instance")},
    )

    assert (other.returncode, other.stdout) == (1, "")
    assert other.stderr.splitlines() == [
        f"Error: 127.0.0.1:{forum.port} cannot be used (Address already in use). Choose another port:"
        f" PORT={forum.port + 1} make run, or forum serve --port {forum.port + 1}"
    ]
    assert forum.end(signal.SIGINT) == 0


def test_forum_is_not_served_without_its_static_files(prepared, static_folder, tmp_path):
    """`forum serve` refuses to start without a static file, for instance after a restore on a new machine."""
    built = prepared / "static"
    built.unlink()
    shutil.copytree(static_folder, built)
    sheet = json.loads((built / "manifest.json").read_bytes())["css/app.css"]
    (built / "files" / sheet).unlink()

    forum = Running("serve", tmp_path)

    assert forum.process.wait(SECONDS) == 1
    said = forum.output.read_text()
    assert said == "Error: The static files are not built. `forum static` builds them.\n"


@pytest.mark.usefixtures("prepared")
def test_link_of_a_command_beside_a_server_leads_to_its_port(run, tmp_path):
    forum = run("serve", "--web-only", "--workers", "1")
    created = run_to_its_end(
        *(FORUM, "create-organiser", "ny@example.org", "--name", "Ny Arrangör", "--role", "admin"),
        env={**os.environ, "FORUM_ENV": "development", "FORUM_INSTANCE": str(tmp_path / "instance")},
    )
    assert created.returncode == 0, created.stderr
    link = created.stdout.split()[-1]
    assert link.startswith(f"{forum.url}/account/welcome/")
    assert forum.get(link.removeprefix(forum.url))[0] == 200


@pytest.mark.usefixtures("prepared")
def test_web_only_leaves_the_worker_to_others(run):
    forum = run("serve", "--web-only", "--workers", "1")
    web = children(forum.process.pid)

    assert (len(web), len(children(web[0]))) == (1, 1)
    assert forum.end() == 0
    assert '"level": "warning"' not in forum.output.read_text()  # a normal start must log no warning


def test_a_web_process_that_another_thread_has_awaited_does_not_run_any_more():
    """Granian warns of no web process that has ended, even if multiprocessing has not yet stored its exit status."""
    server = serving.WebServer("forum", interface="wsgi")
    # `_spawn_worker` passes on the socket that Granian opens when it starts; this server was not started.
    server._sso = None
    worker = server._spawn_worker(idx=0, target=lambda *_given: signal.pause(), callback_loader=None)
    web = worker.inner
    web.start()
    runs = worker.is_alive()
    os.kill(web.pid, signal.SIGKILL)
    os.waitpid(web.pid, 0)

    assert (runs, web.is_alive(), worker.is_alive()) == (True, True, False)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "dev", "serve", "worker"])
def test_every_serving_command_works_until_it_is_told_to_end(
    make_app, database_url, settings, tmp_path, command
):
    """Every serving command has a worker that gives signs of life; all but `forum worker` also answer requests."""
    own = {name: settings[name] for name in ("SECRET_KEY", "DATA_KEYS", "STATIC")}
    forum = Running(command, tmp_path, settings={**own, "DATABASE_URL": database_url, "DEMO": 0})
    app = make_app(database_url)

    def works() -> bool:
        assert forum.process.poll() is None, forum.output.read_text()
        with app.app_context():
            is_tended = heartbeats.last_beat(now=clock.now()) is not None
        return is_tended and (command == "worker" or forum.answers())

    try:
        wait_for(works, forum)
        assert forum.end() == 0
    finally:
        kill(forum)


@pytest.mark.slow
@pytest.mark.usefixtures("prepared")
def test_two_host_lines_and_a_content_type_with_an_underscore_are_refused(run):
    """Two Host lines, which the server joins, are refused; tests/guards/test_hosts.py tests other invalid hosts.

    A header name with an underscore is refused, too: by that, `forum doctor` finds a proxy that passes such names.
    """
    forum = run("serve", "--web-only", "--workers", "1")
    wait_for(forum.answers, forum)
    connection = HTTPConnection("127.0.0.1", forum.port, timeout=30)
    connection.putrequest("GET", "/en/", skip_host=True)
    for host in (f"127.0.0.1:{forum.port}", "evil.example"):
        connection.putheader("Host", host)
    connection.endheaders()
    with closing(connection), connection.getresponse() as answer:
        assert answer.status == 400
    connection = HTTPConnection("127.0.0.1", forum.port, timeout=30)
    connection.request("GET", "/livez", headers={"Content_Type": "x"})
    with closing(connection), connection.getresponse() as answer:
        assert answer.status == 400


@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPIDLE"), reason="this system calls it otherwise")
def test_connections_are_watched_for_clients_that_are_gone():
    """TCP keep-alive is set for open and new connections of the server's port, and for no other port."""
    with (
        socket.create_server(("127.0.0.1", 0)) as ours,
        socket.create_server(("127.0.0.1", 0)) as other,
        socket.create_connection(ours.getsockname()),
    ):
        early, _ = ours.accept()
        serving.notice_lost_clients(ours.getsockname()[1])
        with early, socket.create_connection(ours.getsockname()):
            late, _ = ours.accept()
            with late:
                assert [watched(one) for one in (early, late, other)] == [True, True, False]
                assert late.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30


def watched(connection: socket.socket) -> bool:
    return bool(connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
