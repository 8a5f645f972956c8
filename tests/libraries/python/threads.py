# Threads, locks, queues, pools and thread-local data.
import concurrent.futures
import queue
import threading
import time

counter, lock = 0, threading.Lock()


def count():
    global counter
    for _ in range(1000):
        with lock:
            counter += 1


workers = [threading.Thread(target=count) for _ in range(16)]
[worker.start() for worker in workers]
[worker.join() for worker in workers]
assert counter == 16_000
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    assert sum(pool.map(lambda n: n * n, range(100))) == 328_350
tasks = queue.Queue(maxsize=2)
threading.Thread(target=lambda: [tasks.put(n) for n in range(10)], daemon=True).start()
assert [tasks.get(timeout=2) for _ in range(10)] == list(range(10))
fired = threading.Event()
threading.Timer(0.05, fired.set).start()
assert fired.wait(2)
begun = time.monotonic()
assert not threading.Event().wait(0.1) and time.monotonic() - begun >= 0.1
print("ok")
