# Multiprocessing by fork, spawn and fork server, with pools, queues, pipes, locks and shared memory.
import concurrent.futures
import multiprocessing
from multiprocessing import shared_memory

import numpy as np


def square(n):
    return n * n


def fill(name):
    block = shared_memory.SharedMemory(name)
    np.frombuffer(block.buf, dtype="int64")[:] = 5
    block.close()


if __name__ == "__main__":
    for method in ["fork", "spawn", "forkserver"]:
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            assert pool.map(square, range(10)) == [n * n for n in range(10)], method
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        assert sum(pool.map(square, range(10))) == 285
    block = shared_memory.SharedMemory(create=True, size=8 * 1000)
    child = multiprocessing.get_context("fork").Process(target=fill, args=(block.name,))
    child.start()
    child.join()
    # A copy, so that no view is left when the block is closed.
    total = int(np.frombuffer(bytes(block.buf), dtype="int64").sum())
    block.close()
    block.unlink()
    assert child.exitcode == 0 and total == 5000, (child.exitcode, total)
    value = multiprocessing.Value("i", 0)
    with value.get_lock():
        value.value += 3
    with multiprocessing.Manager() as manager:
        shared = manager.dict(a=1)
        shared["b"] = 2
        assert dict(shared) == {"a": 1, "b": 2}
    print("ok")
