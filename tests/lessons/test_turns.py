"""One import at a time, in the order in which they were asked for."""

from __future__ import annotations

import threading

import pytest

from lessons.kit.turns import Busy, Turns
from tests.waiting import until


def hold(turns: Turns, order: list[int], number: int, released: threading.Event) -> threading.Thread:
    def work() -> None:
        with turns.turn():
            order.append(number)
            assert released.wait(120)
            order.append(number)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_who_asks_first_goes_first_and_alone() -> None:
    turns, order, through = Turns(), [], [threading.Event() for _ in range(3)]
    assert turns.free
    threads = []
    for number in range(3):
        threads.append(hold(turns, order, number, through[number]))
        until(lambda number=number: len(turns._asked) == number + 1)
    assert not turns.free
    for number in range(3):
        until(lambda number=number: order[-1:] == [number])
        through[number].set()
    for thread in threads:
        thread.join()
    assert order == [0, 0, 1, 1, 2, 2], "each was through before the next one began"
    assert turns.free


def test_too_many_and_too_long_are_a_sentence() -> None:
    turns, through = Turns(patience_s=0.05, most_waiting=1), threading.Event()
    thread = hold(turns, [], 0, through)
    until(lambda: not turns.free)
    with pytest.raises(Busy, match="were not through in 0 seconds"), turns.turn():
        pass
    turns._patience_s = 120
    waiting = hold(turns, [], 1, through)
    until(lambda: len(turns._asked) == 2)
    with pytest.raises(Busy, match="One import is under way on this server and 1 wait already"), turns.turn():
        pass
    through.set()
    thread.join()
    waiting.join()


def test_what_fails_gives_its_turn_on() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.turn():
        raise ZeroDivisionError
    assert turns.free
