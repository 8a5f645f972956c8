# Kernel surface: the same calls by the numbers of i386 (int 0x80 in own machine code) and of x32.
import ctypes
import mmap

libc = ctypes.CDLL(None, use_errno=True)
CODE = bytes.fromhex("5389f889f389d189d6cd805bc3")  # eax = edi, ebx = esi, ecx = edx; int 0x80
page = mmap.mmap(-1, 4096, prot=7)
page.write(CODE)
call = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int)(
    ctypes.addressof(ctypes.c_char.from_buffer(page)))
I386 = {"getpid": 20, "mount": 21, "ptrace": 26, "unshare": 310, "socketcall": 102, "execve": 11, "open": 5}
i386 = {name: call(number, 0, 0) for name, number in I386.items()}
x32 = {}
for name, number in (("getpid", 39), ("mount", 165), ("ptrace", 521), ("unshare", 272)):
    x32[name] = libc.syscall(ctypes.c_long(0x40000000 | number), 0, 0, 0, 0)
print("OUTCOME: i386:", sorted(set(i386.values())), "x32:", sorted(set(x32.values())))
