"""One import at a time, in the order in which they were asked for."""

from __future__ import annotations

import threading

import pytest

from lessons.kit.one_at_a_time import Busy, OneAtATime
from tests.waiting import until


def hold(work: OneAtATime, order: list[int], number: int, released: threading.Event) -> threading.Thread:
    def hold_it() -> None:
        with work.alone():
            order.append(number)
            assert released.wait(120)
            order.append(number)

    thread = threading.Thread(target=hold_it)
    thread.start()
    return thread


def test_who_asks_first_goes_first_and_alone() -> None:
    work, order, through = OneAtATime(), [], [threading.Event() for _ in range(3)]
    assert work.free
    threads = []
    for number in range(3):
        threads.append(hold(work, order, number, through[number]))
        until(lambda number=number: len(work._asked) == number + 1)
    assert not work.free
    for number in range(3):
        until(lambda number=number: order[-1:] == [number])
        through[number].set()
    for thread in threads:
        thread.join()
    assert order == [0, 0, 1, 1, 2, 2], "each was through before the next one began"
    assert work.free


def test_too_many_and_too_long_are_a_sentence() -> None:
    work, through = OneAtATime(patience_s=0.05, most_waiting=1), threading.Event()
    thread = hold(work, [], 0, through)
    until(lambda: not work.free)
    with pytest.raises(Busy, match="were not through in 0 seconds"), work.alone():
        pass
    work._patience_s = 120
    waiting = hold(work, [], 1, through)
    until(lambda: len(work._asked) == 2)
    with pytest.raises(Busy, match="One import is under way on this server and 1 wait already"), work.alone():
        pass
    through.set()
    thread.join()
    waiting.join()


def test_what_fails_lets_the_next_one_begin() -> None:
    work = OneAtATime()
    with pytest.raises(ZeroDivisionError), work.alone():
        raise ZeroDivisionError
    assert work.free
