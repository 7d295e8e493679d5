"""A mail server in a process of its own that takes every mail and keeps none: `python -m bench.sink PORT DOMAIN`.

It prints the recipient's address of each mail to DOMAIN when the mail has arrived.
"""

import sys

from aiosmtpd.controller import Controller


class Sink:
    """The handler of a mail server that takes each mail and keeps none."""

    def __init__(self, domain: str):
        self.domain = domain

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd calls it by this name
        """Accept a mail without keeping it; print its recipient if the mail goes to the watched domain."""
        if envelope.rcpt_tos[0].endswith(f"@{self.domain}"):
            sys.stdout.write(f"{envelope.rcpt_tos[0]}\n")
            sys.stdout.flush()
        return "250 OK"


def main() -> None:
    """Serve until standard input ends."""
    controller = Controller(Sink(sys.argv[2]), hostname="127.0.0.1", port=int(sys.argv[1]))
    controller.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    controller.stop()


if __name__ == "__main__":
    main()
