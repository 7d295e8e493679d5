"""A mail server on a raw socket that answers each step as a script says; without a script it accepts all mail.

with scripted_smtp({"RCPT": "550 5.1.1 nobody here"}) as server:
    ... server.port, server.messages
The steps are GREETING, EHLO, MAIL, RCPT, DATA, END (the dot after the data), RSET, QUIT. An answer is a line, DROP
(hang up), SILENCE (say nothing until the client hangs up), DRIP (the usual answer behind a long text, sent one letter
at a time, so that it takes seconds), or a function that gets the server and returns one of these.
"""

import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

DROP = "drop"
SILENCE = "silence"
DRIP = "drip"
LETTERS, LETTER_SECONDS = 300, 0.02
Answer = str | Callable[["ScriptedServer"], str]
USUAL = {
    "GREETING": "220 scripted ESMTP",
    "EHLO": "250-scripted\r\n250 8BITMIME",
    "DATA": "354 go ahead",
    "QUIT": "221 bye",
}


class ScriptedServer(socketserver.ThreadingTCPServer):
    """The scripted mail server; it counts connections and keeps messages, for scripts and tests."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, script: Mapping[str, Answer], tls: ssl.SSLContext | None = None):
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.tls = tls
        self.script = script
        self.connections = 0
        self.commands: list[str] = []
        self.messages: list[bytes] = []

    @property
    def port(self) -> int:
        """The port on which the server listens."""
        return self.server_address[1]

    def get_request(self):
        """Accept a connection; with `tls` it is encrypted from the first byte."""
        connection, address = super().get_request()
        return (self.tls.wrap_socket(connection, server_side=True) if self.tls else connection), address

    def answer(self, step: str) -> str:
        """Return what the server answers at this step: what the script says, or else the usual answer."""
        scripted = self.script.get(step, USUAL.get(step, "250 ok"))
        return scripted(self) if callable(scripted) else scripted

    def handle_error(self, request, client_address) -> None:
        """Ignore errors, because clients may close the connection at any time."""


class _Conversation(socketserver.StreamRequestHandler):
    server: ScriptedServer

    def handle(self) -> None:
        self.server.connections += 1
        if not self.say("GREETING"):
            return
        while line := self.rfile.readline():
            step = line.split()[0].decode().upper()
            self.server.commands.append(line.decode().strip())
            if not self.say(step) or step == "QUIT":
                return
            if step == "DATA" and self.server.answer("DATA").startswith("354"):
                self.server.messages.append(self.read_data())
                if not self.say("END"):
                    return

    def say(self, step: str) -> bool:
        """Send the script's answer to a step; return whether the conversation with the client goes on."""
        answer = self.server.answer(step)
        if answer == SILENCE:
            self.rfile.read()
        if answer in {DROP, SILENCE}:
            return False
        if answer == DRIP:
            answer = USUAL.get(step, "250 ok")
            self.drip(answer[:3])
        self.wfile.write(f"{answer}\r\n".encode())
        return not answer.startswith("421")

    def drip(self, code: str) -> None:
        """Send a line of the answer one letter at a time, so slowly that the whole takes seconds."""
        line = f"{code}-{'x' * LETTERS}\r\n".encode()
        while line:
            self.wfile.write(line[:1])
            line = line[1:]
            time.sleep(LETTER_SECONDS)

    def read_data(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)


@contextmanager
def scripted_smtp(
    script: Mapping[str, Answer] | None = None, *, tls: ssl.SSLContext | None = None
) -> Iterator[ScriptedServer]:
    """Run a mail server with this script on a free port; with `tls` connections are encrypted from the first byte."""
    with ScriptedServer(script or {}, tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)
