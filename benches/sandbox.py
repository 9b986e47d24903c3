"""How many programs a second the sandbox checks: `python -m benches.sandbox [--programs 2000] [--goals]`.

A program is checked by ten unit tests in one request, each program another one, in one worker; caller and worker take
turns, so that both together use one core (processor time of both is printed beside the clock's). Then verdicts on
endless loops, and what a worker's first start takes. With `--goals` it fails where an idle machine's goals are missed.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time

from core.rewards.unit_tests import UnitTest, run_tests
from core.sandbox.pool import Pool

#: Programs a second on one core, and seconds until the verdict on an endless loop, the longest of twenty.
PROGRAMS_A_SECOND, LOOP_SECONDS = 500, 0.5


def cpu() -> float:
    """Processor seconds of this process and of workers that have ended."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(x.ru_utime + x.ru_stime for x in map(resource.getrusage, kinds))


def main() -> None:
    """Prints the three; exit status 1 where the goals were asked for and missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=2000)
    parser.add_argument("--goals", action="store_true", help="fail where the goals are missed")
    options = parser.parse_args()
    count = options.programs
    pool = Pool()
    begun = time.perf_counter()
    run_tests("def f(x):\n    return x", [UnitTest((1,), 1)], pool=pool)
    print(f"first start with its verdict: {time.perf_counter() - begun:.3f} s")
    before, begun = cpu(), time.perf_counter()
    for number in range(count):
        tests = [UnitTest((x,), x * 2 + number) for x in range(10)]
        assert run_tests(f"def f(x):\n    return x * 2 + {number}", tests, pool=pool).passed
    seconds = time.perf_counter() - begun
    loops = [run_tests("def f(x):\n    while True:\n        pass", [UnitTest((1,), 1)], pool=pool) for _ in range(20)]
    looped = sum(x.seconds for x in loops)
    pool.close()
    used = cpu() - before
    print(f"{count} programs of 10 tests: {count / seconds:.0f} programs/s, {count * 10 / seconds:.0f} tests/s")
    print(f"processor time with the 20 loops: {used:.2f} s of {seconds + looped:.2f} s")
    times = sorted(x.seconds for x in loops)
    print(f"verdict on an endless loop: median {statistics.median(times):.3f} s, longest {times[-1]:.3f} s")
    met = count / seconds >= PROGRAMS_A_SECOND and times[-1] <= LOOP_SECONDS
    print(f"goals (≥ {PROGRAMS_A_SECOND} programs/s, a loop ≤ {LOOP_SECONDS} s): {'met' if met else 'missed'}")
    if options.goals and not met:
        sys.exit(1)


if __name__ == "__main__":
    main()
