"""A real Postfix for tests, on this machine only: it takes mail over TLS and puts it into Maildirs.

with run_postfix({"a@example.org": "a"}, errors={"gone@example.org": "5.1.1 nobody here"}) as server:
    ... server.port, server.mails("a")
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tools.certificates import make_certificate
from tools.servers import MissingProgram, free_port

ADDRESS = "127.0.0.1"
# The user who owns the Maildirs, because Postfix's delivery agent does not run as root.
OWNER = "nobody"
SETTINGS = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mx.example.org
mydestination =
alias_maps =
local_recipient_maps =
inet_interfaces = {address}
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
recipient_delimiter = +
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = {certificate}
smtpd_tls_received_header = yes
smtpd_reject_unlisted_recipient = no
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ {boxes} }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
transport_maps = inline:{{ {errors} }}
"""
SERVICES = """\
{address}:{port} inet n - n - - smtpd
pickup    unix n - n 60   1 pickup
cleanup   unix n - n -    0 cleanup
qmgr      unix n - n 300  1 qmgr
tlsmgr    unix - - n 1000 1 tlsmgr
rewrite   unix - - n -    - trivial-rewrite
bounce    unix - - n -    0 bounce
defer     unix - - n -    0 bounce
trace     unix - - n -    0 bounce
verify    unix - - n -    1 verify
flush     unix n - n 1000 0 flush
proxymap  unix - - n -    - proxymap
showq     unix n - n -    - showq
error     unix - - n -    - error
retry     unix - - n -    - error
virtual   unix - n n -    - virtual
anvil     unix - - n -    1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """A running Postfix with Maildirs."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.port = free_port()
        self.certificate = make_certificate(folder, ADDRESS)

    def mails(self, box: str, number: int = 1, seconds: float = 60) -> list[bytes]:
        """Wait until a Maildir has `number` new mails, and return these with CRLF line ends. Raises TimeoutError."""
        until, new = time.monotonic() + seconds, self.maildir(box) / "new"
        while not new.is_dir() or len(list(new.iterdir())) < number:
            if time.monotonic() > until:
                raise TimeoutError((self.folder / "log").read_text(errors="replace"))
            time.sleep(0.05)
        return [path.read_bytes().replace(b"\n", b"\r\n") for path in sorted(new.iterdir())]

    def maildir(self, box: str) -> Path:
        """Return the folder of a Maildir, which is there once a mail has come."""
        return self.folder / "mail" / box


@contextmanager
def run_postfix(boxes: Mapping[str, str], errors: Mapping[str, str]) -> Iterator[Postfix]:
    """Start a Postfix on a free port with a Maildir for each address in `boxes`; give it. Raises MissingProgram.

    A mail to an address in `errors` is accepted, and sent back with the status and words given for the address.
    """
    program = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise MissingProgram("postfix is missing (Debian: apt-get install postfix)")
    if os.geteuid() != 0:
        raise MissingProgram("postfix starts as root only")
    folder = Path(tempfile.mkdtemp(prefix="forum-postfix-"))
    # Postfix's processes work under accounts of their own and have to reach their folders in this one: let everybody
    # enter it.
    folder.chmod(0o755)
    try:
        server = Postfix(folder)
        _write(server, boxes, errors)
        _call(server, program, "start")
        try:
            yield server
        finally:
            _call(server, program, "abort")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(server: Postfix, boxes: Mapping[str, str], errors: Mapping[str, str]) -> None:
    """Write Postfix's settings and make its folders."""
    folder, owner = server.folder, pwd.getpwnam(OWNER)
    for name in ("queue", "data", "mail", "settings"):
        (folder / name).mkdir(mode=0o755)
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "mail", OWNER)
    given = {
        "folder": folder,
        "address": ADDRESS,
        "port": server.port,
        "certificate": server.certificate,
        "domains": " ".join(sorted({address.partition("@")[2] for address in (*boxes, *errors)})),
        "boxes": ", ".join(f"{{ {address} = {box}/ }}" for address, box in boxes.items()),
        "errors": ", ".join(f"{{ {address} = error:{words} }}" for address, words in errors.items()),
        "uid": owner.pw_uid,
        "gid": owner.pw_gid,
    }
    (folder / "settings" / "main.cf").write_text(SETTINGS.format(**given))
    (folder / "settings" / "master.cf").write_text(SERVICES.format(**given))


def _call(server: Postfix, program: str, command: str) -> None:
    done = subprocess.run(
        [program, "-c", server.folder / "settings", command], capture_output=True, text=True, check=False
    )
    if done.returncode:
        log = server.folder / "log"
        words = log.read_text(errors="replace") if log.exists() else ""
        raise RuntimeError(f"postfix {command} failed\n{done.stdout}{done.stderr}{words}")
