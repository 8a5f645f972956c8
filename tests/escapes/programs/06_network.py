# Why: a service of the host, the local network or the internet must not be within reach, by any family.
# Must: no socket but of the Unix family, nobody at the other end of an abstract name, no interface.
# layers: network, seccomp, landlock
import socket
import sys


def report(escaped, name, detail):
    print("ESCAPED" if escaped else "CONTAINED", f"{name}: {detail}")


def attempt(name, call):
    try:
        report(True, name, call())
    except OSError as error:
        report(False, name, error)


def tcp():
    socket.create_connection(("127.0.0.1", int(sys.argv[2])), timeout=2)
    return "connected to a service of the host"


def abstract():
    socket.socket(socket.AF_UNIX).connect(f"\0{sys.argv[3]}")
    return "connected to an abstract name of the host"


attempt("tcp", tcp)
attempt("abstract", abstract)
for name, family, kind in (
    ("inet6", socket.AF_INET6, socket.SOCK_DGRAM),
    ("netlink", socket.AF_NETLINK, socket.SOCK_RAW),
    ("vsock", socket.AF_VSOCK, socket.SOCK_STREAM),
    ("alg", socket.AF_ALG, socket.SOCK_SEQPACKET),
    ("packet", socket.AF_PACKET, socket.SOCK_DGRAM),
):
    attempt(name, lambda: socket.socket(family, kind))
lines = open("/proc/self/net/dev").read().splitlines()[2:]
names = [line.split(":")[0].strip() for line in lines]
report(names != ["lo"], "interfaces", names)
