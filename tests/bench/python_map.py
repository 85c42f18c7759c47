#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure Python's maps over processes as tests/bench/map.c does with core/map.h.

Two workers, items that do nothing with one number in and the same out, and items that spin:
multiprocessing.Pool.map with its own chunk size and with 1, Pool.imap with 1 and with a chunk size
chosen by hand, ProcessPoolExecutor.map. The median of several rounds.
"""

import concurrent.futures
import multiprocessing
import statistics
import time

WORKERS = 2
ROUNDS = 5


def echo(number):
    return number


def spin(nanoseconds):
    begin = time.monotonic_ns()
    while time.monotonic_ns() - begin < nanoseconds:
        pass
    return nanoseconds


def measure(run, items):
    took = []
    for _ in range(ROUNDS):
        begin = time.monotonic_ns()
        replies = list(run(items))
        took.append(time.monotonic_ns() - begin)
        assert replies == items
    return statistics.median(took)


def say_rate(name, ns, count):
    print(f"{name:32} {ns / 1e3:12.1f} us {count / (ns / 1e9):12.0f} items/s", flush=True)


def say_work(name, ns, items):
    print(f"{name:32} {ns / 1e3:12.1f} us {sum(items) / ns / WORKERS * 100:11.1f} % work",
          flush=True)


def main():
    with multiprocessing.Pool(WORKERS) as pool, \
            concurrent.futures.ProcessPoolExecutor(WORKERS) as executor:
        ways = {
            "Pool.map": (lambda items: pool.map(echo, items), 1000000),
            "Pool.map, ones": (lambda items: pool.map(echo, items, 1), 100000),
            "Pool.imap": (lambda items: pool.imap(echo, items), 100000),
            "Pool.imap, 1000": (lambda items: pool.imap(echo, items, 1000), 1000000),
            "Executor.map": (lambda items: executor.map(echo, items), 10000),
            "Executor.map, 1000": (lambda items: executor.map(echo, items, chunksize=1000),
                                   1000000),
        }
        for name, (run, most) in ways.items():
            for count in (1, 10, 100, 1000, 10000, 100000, 1000000):
                if count <= most:
                    say_rate(f"{name} {count}", measure(run, list(range(count))), count)
        for name, items in {
                "spin 1 us, 100000": [1000] * 100000,
                "spin 10 us, 20000": [10000] * 20000,
                "spin 100 us, 2000": [100000] * 2000,
                "spin 1 ms, 200": [1000000] * 200,
                "uneven, 5000": [1000000 if i % 100 == 37 else 10000 for i in range(5000)],
        }.items():
            say_work(name, measure(lambda items: pool.map(spin, items), items), items)


if __name__ == "__main__":
    main()
