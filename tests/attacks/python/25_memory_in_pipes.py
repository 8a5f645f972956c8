# Exceed a limit unnamed: data in pipes and sockets is kernel memory.
import fcntl
import os
import socket

kept, total = [], 0
print("OUTCOME: filling pipes and sockets", flush=True)
for _ in range(110):
    pair = os.pipe()
    kept.append(pair)
    try:
        fcntl.fcntl(pair[1], 1031, 1 << 20)
    except OSError:
        pass
    os.set_blocking(pair[1], False)
    try:
        while True:
            total += os.write(pair[1], b"x" * 65536)
    except BlockingIOError:
        pass
if total < 100 << 20:
    for _ in range(8):
        if os.fork() == 0:
            ends = []
            for _ in range(60):
                left, right = socket.socketpair()
                ends.append((left, right))
                left.setblocking(False)
                left.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 24)
                try:
                    while True:
                        left.send(b"x" * 65536)
                except BlockingIOError:
                    pass
            import time
            time.sleep(3)
            os._exit(0)
    import time
    time.sleep(3)
print("OUTCOME: pipes and sockets hold all of it")
