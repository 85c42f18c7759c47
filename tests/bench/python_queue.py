#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure Python's queues between processes as tests/bench/queue.c does with core/queue.h.

ping-pong and stream, for multiprocessing.Queue and SimpleQueue, of bytes objects: nanoseconds, the
median of several rounds. There is no put or get without anybody else: Queue's put() only hands the
message to a thread.
"""

import multiprocessing
import statistics
import sys
import time

ROUNDS = 5
LENGTHS = [16, 1000, 4096, 65536]


def get_all(queue, count):
    for _ in range(count):
        queue.get()


def put_all(queue, count, message):
    for _ in range(count):
        queue.put(message)


def answer_all(queue, back, count, message):
    for _ in range(count):
        queue.get()
        back.put(message)


def ping_pong(make, message, count):
    queue, back = make(), make()
    peer = multiprocessing.Process(target=answer_all, args=(queue, back, count, message))
    peer.start()
    begin = time.monotonic_ns()
    for _ in range(count):
        queue.put(message)
        back.get()
    end = time.monotonic_ns()
    peer.join()
    return (end - begin) / count


def stream(make, message, count):
    queue = make()
    peers = [
        multiprocessing.Process(target=get_all, args=(queue, count)),
        multiprocessing.Process(target=put_all, args=(queue, count, message)),
    ]
    begin = time.monotonic_ns()
    for peer in peers:
        peer.start()
    for peer in peers:
        peer.join()
    return (time.monotonic_ns() - begin) / count


def main():
    multiprocessing.set_start_method("fork")
    print(f"Python {sys.version.split()[0]}")
    for length in LENGTHS:
        message = bytes(length)
        for make in (multiprocessing.Queue, multiprocessing.SimpleQueue):
            for run, count in ((ping_pong, 2000), (stream, 20000)):
                ns = [run(make, message, count) for _ in range(ROUNDS)]
                print(
                    f"{make.__name__:12} {run.__name__:10} {length:6} bytes"
                    f" {statistics.median(ns):10.0f} ns   (best {min(ns):.0f})"
                )


if __name__ == "__main__":
    main()
