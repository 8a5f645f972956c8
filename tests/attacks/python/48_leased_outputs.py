# Make the answer lie: leases that outlive their process in sockets that wait for the kernel's collector.
import fcntl
import os
import socket

held = 0
for index in range(60):
    with open(f"/work/f{index}", "w") as file:
        file.write("x")
    fd = os.open(f"/work/f{index}", os.O_RDONLY)
    try:
        fcntl.fcntl(fd, 1024, fcntl.F_WRLCK)
        held += 1
    except OSError:
        pass
    left, right = socket.socketpair()
    socket.send_fds(left, [b"x"], [fd, left.fileno()])
    socket.send_fds(right, [b"x"], [fd, right.fileno()])
    os.close(fd)
    left.close()
    right.close()
print("OUTCOME: leases held:", held, flush=True)
os._exit(0)
