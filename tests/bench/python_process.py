# SPDX-License-Identifier: MIT
"""Measure what starting costs in Python, as tests/bench/process.c does for core/process.h."""

import multiprocessing
import statistics
import subprocess
import sys
import time


def do_nothing(*_):
    pass


def run_process(context):
    begin = time.perf_counter()
    process = context.Process(target=do_nothing)
    process.start()
    process.join()
    return (time.perf_counter() - begin) * 1e6


def run_pool(context):
    begin = time.perf_counter()
    pool = context.Pool(2)
    pool.apply(do_nothing)
    first = (time.perf_counter() - begin) * 1e6
    begin = time.perf_counter()
    pool.close()
    pool.join()
    return first, (time.perf_counter() - begin) * 1e6


def ask_fresh(what, method):
    figures = []
    for _ in range(5):
        output = subprocess.run(
            [sys.executable, __file__, what, method], check=True, capture_output=True, text=True
        ).stdout
        figures.append([float(word) for word in output.split()])
    return [statistics.median(column) for column in zip(*figures)]


def measure():
    names = ("first process", "process", "cold pool", "close")
    print(f"{'us':12} {names[0]:>14} {names[1]:>10} {names[2]:>10} {names[3]:>10}")
    for method in ("forkserver", "spawn", "fork"):
        context = multiprocessing.get_context(method)
        run_process(context)
        (first,) = ask_fresh("process", method)
        usual = statistics.median(run_process(context) for _ in range(11))
        pool, close = ask_fresh("pool", method)
        print(f"{method:12} {first:14.0f} {usual:10.0f} {pool:10.0f} {close:10.0f}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        fresh = multiprocessing.get_context(sys.argv[2])
        figures = run_process(fresh) if sys.argv[1] == "process" else run_pool(fresh)
        print(*(figures if isinstance(figures, tuple) else (figures,)))
    else:
        measure()
