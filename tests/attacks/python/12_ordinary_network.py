# Reach a socket: what a program would do, through the libraries it would use.
import socket
import urllib.request

reached = []
for host, port in (("1.1.1.1", 53), ("127.0.0.1", 22), ("169.254.169.254", 80), ("::1", 80)):
    try:
        socket.create_connection((host, port), timeout=1)
        reached.append(host)
    except OSError:
        pass
for attempt in (lambda: socket.getaddrinfo("example.com", 80), lambda: socket.if_nameindex() or 1 / 0,
                lambda: urllib.request.urlopen("http://example.com", timeout=1)):
    try:
        reached.append(attempt())
    except (OSError, ZeroDivisionError):
        pass
interfaces = [line.split(":")[0].strip() for line in open("/proc/self/net/dev").read().splitlines()[2:]]
print("OUTCOME: reached:", reached, "interfaces:", interfaces)
