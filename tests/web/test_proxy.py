"""The nginx configuration of docs/operations.md works, with a real nginx in front of the forum, TLS included."""

import re
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import pytest

from forum.commands.underscores import PASSED, ask_proxy
from forum.settings.project import PROJECT
from tests.factories.events import make_event
from tools.certificates import make_certificate
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
    server {{ {within} }}
}}
"""


PIECES = {TOKEN[at : at + 16].lower() for at in range(len(TOKEN) - 16)}


def recipe(folder: Path, backend: str, port: int) -> tuple[str, str]:
    """Return the documented configuration above and inside `server { }`, with this test's paths and port."""
    text = (PROJECT / "docs/operations.md").read_text()
    block = re.search(r"```\n(map \$request_uri.*?)```", text, re.DOTALL)[1]
    block = block.replace("/var/log/nginx", str(folder)).replace("http://127.0.0.1:8000", backend)
    block = block.replace("listen 443", f"listen 127.0.0.1:{port}")
    block = re.sub(r"(ssl_certificate(?:_key)?) [^;]+", rf"\1 {folder / 'certificate.pem'}", block)
    return re.fullmatch(r"(.*?)server \{\n(.*)\n\}\n", block, re.DOTALL).groups()


@contextmanager
def nginx(folder: Path, backend: str, port: int) -> Iterator[None]:
    """Run nginx with the documented configuration, and a certificate that `connect` trusts, in front of `backend`."""
    folder.mkdir()
    make_certificate(folder, "127.0.0.1")
    above, within = recipe(folder, backend, port)
    config = folder / "nginx.conf"
    config.write_text(FRAME.format(folder=folder, above=above, within=within))
    process = subprocess.Popen([NGINX, "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: (folder / "pid").exists() and (folder / "pid").read_text())
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def proxied(make_app, sqlite_url, tmp_path) -> Iterator[int]:
    """Give the port of an nginx in front of the forum, which trusts it as a proxy."""
    port = free_port()
    app = make_app(sqlite_url, TRUSTED_PROXIES=1, BASE_URL=f"https://127.0.0.1:{port}")
    with app.app_context():
        make_event()
    with run_web(app) as backend, nginx(tmp_path / "nginx", backend, port):
        yield port


def connect(port: int, folder: Path) -> HTTPSConnection:
    """Connect by TLS to the nginx whose certificate is in the folder."""
    trusted = ssl.create_default_context(cafile=folder / "certificate.pem")
    return HTTPSConnection("127.0.0.1", port, timeout=30, context=trusted)


def ask(port: int, folder: Path, path: str, **headers: str) -> int:
    connection = connect(port, folder)
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
        f"/console/nf27/posts/1/preview-link/{TOKEN.lower()}",
    )
    logs = tmp_path / "nginx"
    for path in paths:
        ask(proxied, logs, path)
    referrer = f"https://127.0.0.1/en/r/{TOKEN}"
    assert ask(proxied, logs, "/en/register/received?utm_source=x", Referer=referrer) == 200
    wait_for(lambda: (logs / "forum.log").read_text().count("\n") == len(paths) + 1)
    text = (logs / "forum.log").read_text()
    assert [part for path in logs.glob("*.log") for part in PIECES if part in path.read_text().lower()] == []
    assert (text.count("GET /***"), text.count("GET /en/register/received 200")) == (len(paths), 1)


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_nginx_passes_the_port_with_which_a_form_is_compared(proxied, tmp_path):
    """nginx passes the host with its port: over https the app compares the Referer of a form with host and port.

    Over https cookies get the attribute Secure, and Strict-Transport-Security tells browsers to use https only.
    """
    own = {"Host": f"127.0.0.1:{proxied}", "Referer": f"https://127.0.0.1:{proxied}/account/forgot"}
    connection = connect(proxied, tmp_path / "nginx")
    connection.request("GET", "/account/forgot", headers=own)
    page = connection.getresponse()
    cookie, *attributes = page.headers["Set-Cookie"].split("; ")
    assert (cookie.partition("=")[0], "Secure" in attributes) == ("__Host-forum", True)
    assert page.headers["Strict-Transport-Security"].startswith("max-age=")
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page.read().decode())[1]
    body = urlencode({"csrf_token": token, "email": "nobody@example.org"})
    form = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/account/forgot", body, headers={**own, **form})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (303, "/account/forgot/sent")
    # The forum answers with the request ID that nginx has made, which has 32 hexadecimal digits.
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])
    connection.close()


class Recorder(BaseHTTPRequestHandler):
    """Keeps each request's headers by the names under which they came; refuses names with an underscore, too."""

    seen: list[dict[str, str]]
    own = (("X-Request-ID", "1"), ("Content-Length", "0"))

    def do_GET(self) -> None:
        self.seen.append(dict(self.headers))
        self.send_response(400 if "Content_Type" in self.headers else 200)
        for header in self.own:
            self.send_header(*header)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Write no log."""


class Wall(Recorder):
    """A firewall for web applications, which refuses header names with an underscore before the forum sees them."""

    own = ()


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_nginx_drops_headers_whose_name_has_an_underscore(make_app, sqlite_url, tmp_path, monkeypatch):
    """The forum's server takes X_Forwarded_For for the proxy's own X-Forwarded-For, so nginx must drop X_Forwarded_For.

    `forum doctor` asks the proxy by the forum's public address, and finds a proxy that passes such names.
    """
    port, seen = free_port(), []
    monkeypatch.setattr(Recorder, "seen", seen, raising=False)
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as backend,
        ThreadingHTTPServer(("127.0.0.1", 0), Wall) as wall,
    ):
        for server in (backend, wall):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        other = f"http://127.0.0.1:{wall.server_port}"
        passing = f"http://127.0.0.1:{backend.server_port}"
        with nginx(tmp_path / "nginx", passing, port):
            sent = {"X-Forwarded-For": "192.0.2.1", "X_Forwarded_For": "192.0.2.2", "Content_Type": "x"}
            assert ask(port, tmp_path / "nginx", "/", **sent) == 200
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nginx" / "certificate.pem"))
            told = [
                ask_proxy(make_app(sqlite_url, TRUSTED_PROXIES=1, BASE_URL=address))[0]
                for address in (
                    f"https://127.0.0.1:{port}",
                    passing,
                    f"http://127.0.0.1:{free_port()}",
                    other,
                )
            ]
        backend.shutdown()
        wall.shutdown()
    assert [name for headers in seen[:2] for name in headers if "_" in name] == []
    assert seen[0]["X-Forwarded-For"] == "192.0.2.1, 127.0.0.1"
    assert [(finding.is_well, finding.words) for finding in told[:2]] == [
        (True, "drops headers whose name has an underscore"),
        (False, PASSED),
    ]
    assert (told[2].is_to_do, "ConnectionRefusedError" in told[2].words) == (True, True)
    assert (told[3].is_to_do, "400 by something before the forum" in told[3].words) == (True, True)
    assert ask_proxy(make_app(sqlite_url)) == []
