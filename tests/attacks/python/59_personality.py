# Kernel surface: switch off address randomisation and make read-only mappings executable.
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
set_ = [hex(value) for value in (0x40000, 0x400000, 0x100000, 0x8, 0x40000 | 1 << 32)
        if libc.syscall(135, ctypes.c_long(value)) >= 0]
print("OUTCOME: personalities set:", set_, "now:", hex(libc.syscall(135, ctypes.c_long(0xFFFFFFFF))))
