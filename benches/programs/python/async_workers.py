# Runs a queue of jobs through three asynchronous workers and reports who did what.
import asyncio

SEED = __SEED__


def make_jobs(seed, count):
    x = seed
    for number in range(count):
        x = (x * 48271) % 2147483647
        yield number, x % 500 + 20


def collatz_steps(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


async def worker(name, queue, results):
    while True:
        number, n = await queue.get()
        await asyncio.sleep(0)
        results.append((number, n, collatz_steps(n), name))
        queue.task_done()


async def main():
    queue, results = asyncio.Queue(), []
    for job in make_jobs(SEED, 12):
        queue.put_nowait(job)
    workers = [asyncio.create_task(worker(f"w{i}", queue, results)) for i in range(3)]
    await queue.join()
    for task in workers:
        task.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    for number, n, steps, name in sorted(results):
        print(f"job {number:>2}: {n:>3} takes {steps:>3} steps ({name})")
    print("longest:", max(results, key=lambda r: r[2])[1])


asyncio.run(main())
