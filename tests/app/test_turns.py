"""Queues of threads (`Line`): their order, and turns at the processor."""

import sys
import threading

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from forum.turns import Line, Processor
from forum.web import lobby, turns
from forum.web.layers import put_around
from tests.app.threads import SECONDS, queued, wait_until
from tests.web.bodies import SlowBody


def passing(line: Line, name: str, order: list[str], **options) -> bool:
    came = line.enter(SECONDS, **options)
    order.append(name)
    line.leave()
    return came


@pytest.mark.parametrize(
    ("urgent", "order"), [(set(), ["a", "b", "c"]), ({"c"}, ["c", "a", "b"]), ({"b", "c"}, ["b", "c", "a"])]
)
def test_line_keeps_the_order_and_lets_the_urgent_go_first(pool, urgent, order):
    line, seen = Line(), []
    assert line.enter(0)
    for number, name in enumerate("abc", 1):
        pool.submit(passing, line, name, seen, urgent=name in urgent)
        wait_until(lambda number=number: queued(line) == number)
    line.leave()
    wait_until(lambda: len(seen) == 3)
    assert seen == order


def test_who_gives_up_stands_in_nobodys_way(pool):
    line = Line()
    assert line.enter(0)
    assert not line.enter(0.01)
    assert queued(line) == 0
    line.leave()
    assert line.enter(0)


def test_line_that_moves_is_worth_waiting_in_and_one_that_stands_still_is_not(monkeypatch):
    """A thread whose turn at the processor is late waits again as long as the queue moves, and then gives up."""
    line, moves = Line(), [True, True, True, False]

    class Turn(threading.Event):
        def wait(self, _seconds):
            if moves.pop(0):
                line._urgent.append(threading.Event())
                line.leave()
            return False

    assert line.enter(0)
    monkeypatch.setattr(threading, "Event", Turn)
    assert not line.enter(SECONDS, while_moving=True)
    assert (moves, queued(line)) == ([], 0)


def test_turn_that_is_given_while_the_line_moves_is_taken(monkeypatch):
    line, waits = Line(), []

    class Turn(threading.Event):
        def wait(self, _seconds):
            waits.append(line.leave())
            return self.is_set()

    assert line.enter(0)
    line._waiting.append(threading.Event())
    monkeypatch.setattr(threading, "Event", Turn)
    assert line.enter(SECONDS, while_moving=True)
    assert len(waits) == 2


def test_processor_is_waited_for_while_its_line_moves(monkeypatch):
    processor, options = Processor(), []
    monkeypatch.setattr(processor._line, "enter", lambda _seconds, **given: options.append(given) or True)
    with processor.taken(), processor.lent():
        pass
    assert options == [
        {"urgent": False, "while_moving": True},
        {"urgent": True, "while_moving": True},
    ]


def test_turns_return_may_be_waited_for_shorter(monkeypatch):
    processor, given = Processor(), []
    monkeypatch.setattr(processor._line, "enter", lambda *args, **named: given.append((args, named)) or True)
    with processor.taken(), processor.lent(for_return=0.005):
        pass
    assert given[1] == ((0.005,), {"urgent": True, "while_moving": False})


def test_one_at_a_time(pool):
    processor, inside, together = Processor(), [], []
    processor.PATIENCE = SECONDS

    def compute(number):
        with processor.taken():
            inside.append(number)
            together.append(len(inside))
            inside.remove(number)

    list(pool.map(compute, range(400)))
    assert (len(together), max(together)) == (400, 1)


def test_turn_is_lent_while_its_owner_waits_and_comes_back_first(pool):
    processor, done, may_go_on = Processor(), [], threading.Event()
    processor.PATIENCE = SECONDS
    second_computes, second_may_end = threading.Event(), threading.Event()

    def first():
        with processor.taken():
            with processor.lent():
                may_go_on.wait(SECONDS)
            done.append("first")

    def second():
        with processor.taken():
            second_computes.set()
            second_may_end.wait(SECONDS)
            done.append("second")

    def third():
        with processor.taken():
            done.append("third")

    pool.submit(first)
    pool.submit(second)
    assert second_computes.wait(SECONDS)
    pool.submit(third)
    wait_until(lambda: len(processor._line._waiting) == 1)
    may_go_on.set()
    wait_until(lambda: len(processor._line._urgent) == 1)
    second_may_end.set()
    wait_until(lambda: len(done) == 3)
    assert done == ["second", "first", "third"]


def test_who_has_no_turn_lends_none():
    processor = Processor()
    with processor.lent():
        assert not processor._line._taken
    assert not processor._line._taken


def test_block_within_a_turn_keeps_that_turn():
    processor = Processor()
    with processor.taken():
        with processor.taken():
            assert processor._line._taken == 1
        assert processor._line._taken == 1
    assert not processor._line._taken


def test_nobody_waits_for_ever():
    """A request that hangs during its turn at the processor delays every other request only for a moment."""
    processor, went_on = Processor(), []
    processor.PATIENCE = 0.01
    with processor.taken():
        thread = threading.Thread(target=lambda: went_on.append(next(iter(_in(processor)))))
        thread.start()
        thread.join(SECONDS)
    assert went_on == ["inside"]
    assert not processor._line._taken


def _in(processor: Processor):
    with processor.taken():
        yield "inside"


def test_slow_sender_keeps_nobody_waiting(pool, monkeypatch):
    monkeypatch.setattr(turns.processor, "PATIENCE", SECONDS)
    received = []

    def inner(environ, start_response):
        received.append(environ["wsgi.input"].read())
        start_response("200 OK", [])
        return [b"done"]

    app, slow = Flask("slow"), SlowBody(b"slow")
    app.config["TRUSTED_PROXIES"] = 0
    app.config.update(MAX_CONTENT_LENGTH=10, TURNS=True)
    app.wsgi_app = inner
    put_around(app, [lobby.let_in, turns.take_turns])
    serve = app.wsgi_app
    environ = {**EnvironBuilder(method="POST", data=b"slow").get_environ(), "wsgi.input": slow}
    waiting = pool.submit(run_wsgi_app, serve, environ)
    run_wsgi_app(serve, EnvironBuilder(method="POST", data=b"quick").get_environ())
    assert received == [b"quick"]
    slow.comes.set()
    waiting.result(SECONDS)
    assert received == [b"quick", b"slow"]


@pytest.mark.parametrize(
    ("is_on", "has_lock", "expected"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_turns_are_left_out_by_the_setting_and_by_a_python_without_interpreter_lock(
    monkeypatch, is_on, has_lock, expected
):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: has_lock, raising=False)
    app = Flask("free")
    app.config["TURNS"] = is_on
    assert (turns.take_turns(app) is not None) == expected
