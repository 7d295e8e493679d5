"""A forked process of the forum is as one that was started anew: its own settings and streams, nothing shared."""

import json
import os
import signal
import subprocess

import pytest

from forum.settings.project import PROJECT
from tools.forking import Forked, run

TELL = r"""
import atexit, json, os, re, sys
import forum
known = "forum.cli" in sys.modules
mask = os.umask(0)
links = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd") if int(number) > 2]
shared = [os.readlink(link) for link in links if os.path.lexists(link)]
status = open(f"/proc/{os.getppid()}/status").read()
forked_by = re.search(r"PPid:\t(\d+)", status)[1]
threads = len(os.listdir(f"/proc/{forked_by}/task"))
print(json.dumps([known, sys.argv[1:], dict(os.environ), os.getcwd(), mask, shared, threads]))
print("problem", file=sys.stderr)
atexit.register(print, "the end")
sys.exit(3)
"""


def test_a_forked_process_has_its_own_settings_and_nothing_of_others():
    """A forked process has the modules that its parent imported; the parent has no open file, connection or thread."""
    with Forked("import sys; sys.stdin.read()", env={}, stdin=subprocess.PIPE):
        done = run(TELL, "a", "b c", env={"FORUM_ENV": "production"})
    told, end = done.stdout.splitlines()
    mask = os.umask(0)
    os.umask(mask)
    assert json.loads(told) == [
        True, ["a", "b c"], {"FORUM_ENV": "production"}, str(PROJECT), mask, [], 1,
    ]  # fmt: skip
    assert (done.returncode, done.stderr, end) == (3, "problem\n", "the end")


def test_a_forked_process_ends_by_a_signal_or_when_it_is_told():
    with pytest.raises(subprocess.TimeoutExpired):
        run("import time; time.sleep(60)", env={}, timeout=0.01)
    waiting = Forked(
        "import sys; print(sys.stdin.read())", env={}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert waiting.poll() is None
    with waiting:
        waiting.stdin.write("words")
        waiting.stdin.close()
        assert waiting.stdout.read() == "words\n"
    assert (waiting.returncode, waiting.poll()) == (0, 0)
    killed = Forked("import time; time.sleep(60)", env={})
    killed.kill()
    assert killed.wait(60) == -signal.SIGKILL
    assert "ZeroDivisionError" in run("1/0", env={}).stderr
