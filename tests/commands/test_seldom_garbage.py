"""Garbage is collected seldom while the forum begins, and as usual in what then runs for long."""

import gc

import pytest

from forum import seldom_garbage
from forum.commands import serving


@pytest.fixture(autouse=True)
def thresholds():
    """Restore the garbage collector's thresholds after the test."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize("begin", ["web", "worker"])
def test_what_runs_for_long_collects_garbage_as_usual(begin, app, monkeypatch):
    seen = []
    monkeypatch.setattr(serving, "create_app", lambda: app)
    for name in ("follow_parent", "logs", "presence", "signal"):
        monkeypatch.setattr(serving, name, _Nothing())
    monkeypatch.setattr(serving.Worker, "run", lambda _worker: seen.append(gc.get_threshold()))
    gc.set_threshold(*seldom_garbage.SELDOM)
    if begin == "web":
        serving.load_app(serving.Web("127.0.0.1", 0, "info"))
        seen.append(gc.get_threshold())
    else:
        serving.run_worker("info")
    assert seen == [seldom_garbage.USUAL] != [seldom_garbage.SELDOM]


class _Nothing:
    """Stands for a module or function whose effects the test leaves out."""

    SIGTERM, SIGINT = 15, 2

    def __call__(self, *_given):
        """Do nothing."""

    def __getattr__(self, _name):
        return lambda *_given: None
