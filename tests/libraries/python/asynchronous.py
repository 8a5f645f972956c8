# Asyncio: tasks, time limits, queues, child processes, threads, streams over a local socket pair.
import asyncio
import contextlib
import socket
import sys


async def nap(n):
    await asyncio.sleep(0.01)
    return n


async def main():
    assert await asyncio.gather(*(nap(n) for n in range(50))) == list(range(50))
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.sleep(60), 0.05)
        raise AssertionError("it should have timed out")
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print(input()[::-1])", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert (await child.communicate(b"abc\n"))[0] == b"cba\n"
    assert await asyncio.to_thread(sum, range(100)) == 4950
    one, other = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=one)
    other.sendall(b"hello\n")
    assert await reader.readline() == b"hello\n"
    writer.close()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(nap(n)) for n in range(3)]
    assert [task.result() for task in tasks] == [0, 1, 2]


asyncio.run(main())
print("ok")
