"""A mail server in a process of its own that takes every mail and keeps none: `python -m bench.sink PORT`."""

import sys

from aiosmtpd.controller import Controller


class Sink:
    """The handler of a mail server that takes each mail and keeps none."""

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd calls it by this name
        """Take a mail and forget it."""
        return "250 OK"


def main() -> None:
    """Serve until standard input ends."""
    controller = Controller(Sink(), hostname="127.0.0.1", port=int(sys.argv[1]))
    controller.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    controller.stop()


if __name__ == "__main__":
    main()
