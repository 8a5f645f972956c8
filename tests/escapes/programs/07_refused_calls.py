# Why: these calls make namespaces, look into other processes or drive the kernel's less tried parts.
# Must: each is refused with an errno, by x86-64, x32 and i386 numbers alike, and the answer names them.
# layers: seccomp, credentials, user, no_new_privs, landlock
import ctypes
import errno
import mmap
import os
import platform
import signal

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
REFUSED = (errno.EPERM, errno.ENOSYS)
# Name, number on x86-64, arguments that do nothing if the call is let through.
CALLS = (
    ("mount", 165, (b"none", b"/tmp", b"tmpfs", 0, None)),
    ("unshare", 272, (0x04000000,)),
    ("setns", 308, (-1, 0)),
    ("ptrace", 101, (16, 0, 0, 0)),
    ("process_vm_readv", 310, (os.getpid(), None, 0, None, 0, 0)),
    ("bpf", 321, (0, None, 0)),
    ("perf_event_open", 298, (None, 0, -1, -1, 0)),
    ("keyctl", 250, (0, -3, 0)),
    ("io_uring_setup", 425, (0, None)),
    ("userfaultfd", 323, (1,)),
    ("open_by_handle_at", 304, (-1, None, 0)),
    ("clock_settime", 227, (99, None)),
    ("seccomp", 317, (99, 0, None)),
    ("pidfd_getfd", 438, (-1, 0, 0)),
    ("chroot", 161, (b"/work",)),
    ("clone_newns", 56, (0x00020000 | signal.SIGCHLD, 0, 0, 0, 0)),
    ("kexec_load", 246, (0, 0, None, 0)),
    ("init_module", 175, (None, 0, b"")),
    ("x32_ptrace", 0x40000000 | 521, (16, 0, 0, 0)),
)


def report(escaped, name, detail):
    print("ESCAPED" if escaped else "CONTAINED", f"{name}: {detail}", flush=True)


def in_child(call):
    """The errno of a call made in a process of its own, 0 for success."""
    child = os.fork()
    if child == 0:
        os._exit(call())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def raw(number, arguments):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *arguments)
    return ctypes.get_errno() if result < 0 else 0


def i386_getpid():
    # push rbx; mov eax, 20; int 0x80; pop rbx; ret
    code = bytes.fromhex("53b814000000cd805bc3")
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    run = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    return max(0, -run())


if platform.machine() == "x86_64":
    for name, number, arguments in CALLS:
        code = in_child(lambda: raw(number, arguments))
        report(code not in REFUSED, name, errno.errorcode.get(code, code))
    code = in_child(i386_getpid)
    report(code not in REFUSED, "i386", errno.errorcode.get(code, code))
else:
    code = in_child(lambda: libc.unshare(0x04000000) and ctypes.get_errno())
    report(code not in REFUSED, "unshare", errno.errorcode.get(code, code))
