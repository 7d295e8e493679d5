"""The nginx configuration of docs/operations.md works, with a real nginx in front of the forum."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from forum.settings.project import PROJECT
from tests.factories.events import make_event
from tools.running import wait_for
from tools.servers import free_port, run_web

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
TOKEN = "q7Rt-" + "aB3_" * 9 + "Zy"
FRAME = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/start.log; events {{ }}
http {{
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    {above}
    server {{ listen 127.0.0.1:{port}; {within} }}
}}
"""


PIECES = {TOKEN[at : at + 16].lower() for at in range(len(TOKEN) - 16)}


def recipe(folder: Path, backend: str) -> tuple[str, str]:
    """Return the documented configuration above and inside `server { }`, with this test's paths and port."""
    text = (PROJECT / "docs/operations.md").read_text()
    block = re.search(r"```\n(map \$request_uri.*?)```", text, re.DOTALL)[1]
    block = block.replace("/var/log/nginx", str(folder)).replace("http://127.0.0.1:8000", backend)
    above, within = re.fullmatch(r"(.*?)server \{\n(.*)\n\}\n", block, re.DOTALL).groups()
    return above, re.sub(r".*(listen|ssl_certificate|server_name).*", "", within)


@pytest.fixture
def proxied(make_app, sqlite_url, tmp_path) -> Iterator[int]:
    """Give the port of an nginx in front of the forum, which trusts it as a proxy."""
    folder, port = tmp_path / "nginx", free_port()
    folder.mkdir()
    app = make_app(sqlite_url, TRUSTED_PROXIES=1)
    with app.app_context():
        make_event()
    with run_web(app) as backend:
        above, within = recipe(folder, backend)
        config = folder / "nginx.conf"
        config.write_text(FRAME.format(folder=folder, port=port, above=above, within=within))
        process = subprocess.Popen([NGINX, "-c", str(config)], stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: (folder / "pid").exists() and (folder / "pid").read_text())
            yield port
        finally:
            process.terminate()
            process.wait(30)


def ask(port: int, path: str, **headers: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"Host": "127.0.0.1", **headers})
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_nginx_keeps_personal_links_out_of_its_logs(proxied, tmp_path):
    paths = (
        f"/en/r/{TOKEN}",
        f"/en/r//{TOKEN}",
        f"/%20{TOKEN}",
        f"/EN/R/{TOKEN}",
        f"/en/r/%71{TOKEN[1:]}?x={TOKEN}",
        *(f"/en/r/{TOKEN[:22]}{between}{TOKEN[22:]}" for between in ("%3D%0A", "%20", "%C2%AD", ".", "/")),
        *(f"/{TOKEN[:22]}%3D%0A{TOKEN[22:]}", f"/account//reset//{TOKEN[:31]}", f"/EN/R/{TOKEN.lower()}"),
    )
    for path in paths:
        ask(proxied, path)
    assert ask(proxied, "/en/register/received?utm_source=x", Referer=f"http://127.0.0.1/en/r/{TOKEN}") == 200
    logs = tmp_path / "nginx"
    wait_for(lambda: (logs / "forum.log").read_text().count("\n") == len(paths) + 1)
    text = (logs / "forum.log").read_text()
    assert [part for path in logs.glob("*.log") for part in PIECES if part in path.read_text().lower()] == []
    assert (text.count("GET /***"), text.count("GET /en/register/received 200")) == (len(paths), 1)


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_nginx_passes_the_port_with_which_a_form_is_compared(proxied):
    """nginx passes the host with its port: over https the app compares the Referer of a form with host and port."""
    own = {"Host": f"127.0.0.1:{proxied}", "Referer": f"https://127.0.0.1:{proxied}/account/forgot"}
    connection = HTTPConnection("127.0.0.1", proxied, timeout=30)
    connection.request("GET", "/account/forgot", headers=own)
    page = connection.getresponse()
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page.read().decode())[1]
    body = urlencode({"csrf_token": token, "email": "nobody@example.org"})
    form = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/account/forgot", body, headers={**own, **form})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (303, "/account/forgot/sent")
    # The answer has the request ID that nginx has made.
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])
    connection.close()
