"""A Python with libraries loaded, of which guests are forked, each into an empty jail that waits for it.

It never sees a byte of a client, and what it forks sees one only after its last privilege is gone. The steps
of `confine` are those of `jail/guest.rs`. What it is started with: the numbers of the system calls that Python
has no function for, then the modules to load. What it is told on descriptor 3: first the guests' system call
filter, then for each fork a frame, "s" for one that will wait or "r" for one that is waited for, with the line
to a jail's init and the files by which to enter control groups. What it says there: frames as in `supervisor/zygote.rs`.
"""

import _socket
import ctypes
import gc
import os
import sys

import start

LINE = 3

# Longest frame, in bytes, and most descriptors that come with one.
FRAME_BYTES_MAX = 128 * 1024
DESCRIPTORS_MAX = 16

# What init hands over, in its order.
GIVEN = ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "line", "stdin", "stdout", "stderr", "supervisor", "ruleset")

# The size of a large page in bytes, and what has a range be one, from asm-generic/mman-common.h.
LARGE_PAGE, MADV_COLLAPSE = 2 * 1024 * 1024, 25

# From linux/sched.h, linux/prctl.h and linux/seccomp.h.
CLONE_PIDFD, CLONE_PARENT, CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID = 0x1000, 0x8000, 0x200000, 0x1000000
NAMESPACES = {"net": 0x40000000, "ipc": 0x08000000, "uts": 0x04000000, "cgroup": 0x02000000, "mnt": 0x20000, "user": 0x10000000}
CLONE_NEWPID = 0x20000000
SIGCHLD = 17
PR_SET_DUMPABLE, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_GET_TID_ADDRESS = 4, 23, 24, 38, 40
SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER = 1, 8
CAPABILITY_VERSION_3 = 0x20080522
CAPABILITIES_MAX = 64

# The guest as it sees itself.
GUEST_ID = 1000

# What most programs do with a library, done once before there is any: it imports more, and fills its caches.
PRACTICE = {
    "numpy": "import numpy.random, numpy.linalg\nnumpy.arange(6.0).reshape(2, 3).sum(axis=0)",
    "pandas": """
import io
frame = pandas.read_csv(io.StringIO("k,v,d\\na,1,2024-01-31\\nb,2,2024-02-29\\n"), parse_dates=["d"])
frame.groupby("k").v.sum().to_string(), frame.describe().to_string(), str(frame.sort_values("v").head())
frame.merge(frame, on="k"), frame.to_csv(), frame[frame.v > 1], frame.d.dt.year
""",
    "matplotlib.pyplot": """
import io
figure, axes = matplotlib.pyplot.subplots()
axes.plot([1, 2], label="a"), axes.bar([1, 2], [1, 2]), axes.set_title("a"), axes.legend()
figure.savefig(io.BytesIO(), format="png")
matplotlib.pyplot.close("all")
""",
}

# Holding the interpreter's lock: nothing else runs here, and a fork must find it held.
libc = ctypes.PyDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
python = ctypes.pythonapi


def checked(step, value):
    """A result of the C library; the step's name goes into the error."""
    if value == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"{step}: {os.strerror(error)}")
    return value


def call(step, number, *arguments):
    """A system call without a function in Python."""
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    return checked(step, libc.syscall(ctypes.c_long(number), *words))


def prctl(step, *arguments):
    """prctl(2) with plain numbers."""
    words = [ctypes.c_ulong(word) for word in (*arguments, 0, 0, 0, 0)[1:5]]
    return checked(step, libc.prctl(arguments[0], *words))


def receive(line):
    """One frame and its descriptors."""
    frame, ancillary, _, _ = line.recvmsg(FRAME_BYTES_MAX, _socket.CMSG_SPACE(4 * DESCRIPTORS_MAX))
    descriptors = []
    for _, _, data in ancillary:
        descriptors += [int.from_bytes(data[at : at + 4], sys.byteorder) for at in range(0, len(data), 4)]
    return frame, descriptors


def send(line, frame, *descriptors):
    """Says something, with descriptors if there are any."""
    rights = b"".join(descriptor.to_bytes(4, sys.byteorder) for descriptor in descriptors)
    line.sendmsg([frame], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)] if rights else [])


def told(text):
    """A short text in a frame's form."""
    text = text.encode()[:100]
    return bytes([len(text)]) + text


class Zygote:
    def __init__(self, words):
        numbers, modules = words[0], words[1:]
        names = ("clone", "seccomp", "landlock_restrict_self", "capset", "close_range")
        self.numbers = dict(zip(names, map(int, numbers.split(","))))
        self.line = _socket.socket(fileno=LINE)
        self.filter, _ = receive(self.line)
        for module in modules:
            names = {module.partition(".")[0]: __import__(module)}
            exec(PRACTICE.get(module, ""), names)
        start.practise()
        # glibc keeps its thread's number where the kernel wrote it.
        address = ctypes.c_void_p()
        known = libc.prctl(PR_GET_TID_ADDRESS, ctypes.byref(address), 0, 0, 0) == 0
        self.thread_number = address.value if known else None

    def serve(self):
        """Forks what is asked for; returns in the guests, once they are confined."""
        gc.collect()
        gc.freeze()
        enlarge_pages()
        send(self.line, b"\0")
        while True:
            frame, descriptors = receive(self.line)
            if not frame:
                os._exit(0)
            invitation, groups = _socket.socket(fileno=descriptors[0]), descriptors[1:]
            try:
                # Init is ours, and there is nobody with it yet.
                invitation.setblocking(True)
                _, handed = receive(invitation)
                if not handed:
                    raise EOFError("its jail is gone")
                descriptors += handed
                given = dict(zip(GIVEN, handed))
                pidfd = self.fork(given["pid"])
            except Exception as error:
                send(self.line, b"\2" + told(repr(error)))
            else:
                if pidfd is None:
                    invitation.detach()
                    self.confine(given, groups)
                    if frame == b"s":
                        # Pages that every program changes are its own from now on.
                        start.practise()
                    return
                send(self.line, b"\1", pidfd)
                os.close(pidfd)
            invitation.detach()
            for descriptor in descriptors:
                os.close(descriptor)

    def fork(self, pid_namespace):
        """A child of our parent, in another pid namespace: its pidfd, or `None` in the child."""
        checked("setns pid", libc.setns(pid_namespace, CLONE_NEWPID))
        pidfd = ctypes.c_int(-1)
        flags, thread_number = CLONE_PARENT | CLONE_PIDFD | SIGCHLD, 0
        if self.thread_number is not None:
            flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID
            thread_number = self.thread_number
        # Between these two the order of the last two differs: aarch64 has the thread's storage first.
        last = (0, thread_number) if os.uname().machine == "aarch64" else (thread_number, 0)
        python.PyOS_BeforeFork()
        try:
            pid = call("clone", self.numbers["clone"], flags, 0, ctypes.byref(pidfd), *last)
        except OSError:
            python.PyOS_AfterFork_Parent()
            raise
        if pid == 0:
            python.PyOS_AfterFork_Child()
            return None
        python.PyOS_AfterFork_Parent()
        return pidfd.value

    def confine(self, given, groups):
        """Makes this process a jail's guest and gives up everything else."""
        try:
            self.give_up(given, groups)
        except BaseException as error:
            os.write(given["line"], told(f"zygote: {error}"))
            os._exit(1)
        reseed()

    def give_up(self, given, groups):
        for group in groups:
            os.write(group, b"0")
        for name, kind in NAMESPACES.items():
            checked(f"setns {name}", libc.setns(given[name], kind))
        os.setsid()
        for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
            os.dup2(given[name], number)
        os.chdir("/work")
        os.umask(0o022)
        for capability in range(CAPABILITIES_MAX):
            if libc.prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1:
                prctl("drop bounding set", PR_CAPBSET_DROP, capability)
        os.setresgid(GUEST_ID, GUEST_ID, GUEST_ID)
        os.setresuid(GUEST_ID, GUEST_ID, GUEST_ID)
        header, nothing = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
        call("drop capabilities", self.numbers["capset"], header, nothing)
        # A change of ids has made this process one that may not even look at itself.
        prctl("be looked at by itself", PR_SET_DUMPABLE, 1)
        prctl("no new privileges", PR_SET_NO_NEW_PRIVS, 1)
        if "ruleset" in given:
            call("restrict files", self.numbers["landlock_restrict_self"], given["ruleset"], 0)
        supervisor = _socket.socket(fileno=given["supervisor"])
        send(supervisor, b"\1", self.restrict_system_calls())
        supervisor.detach()
        self.line.detach()
        os.dup2(given["line"], LINE)
        call("close descriptors", self.numbers["close_range"], LINE + 1, 0xFFFFFFFF, 0)

    def restrict_system_calls(self):
        """Installs the filter; gives the descriptor on which refused calls arrive."""
        program = ctypes.create_string_buffer(self.filter, len(self.filter))
        # struct sock_fprog: the number of instructions of eight bytes, and where they are.
        prog = (ctypes.c_void_p * 2)(len(self.filter) // 8, ctypes.addressof(program))
        operation = (SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER)
        return call("restrict system calls", self.numbers["seccomp"], *operation, prog)


def enlarge_pages():
    """Has what is loaded be in large pages, where the kernel has them: a fork copies a table of fewer, and drops it."""
    try:
        with open("/proc/self/maps") as maps:
            lines = [line.split() for line in maps]
    except OSError:
        return
    for addresses, access, _, _, inode, *name in lines:
        if access != "rw-p" or inode != "0" or name == ["[stack]"]:
            continue
        first, end = (int(address, 16) for address in addresses.split("-"))
        # Whole large pages only; it fails for one in which nothing is, and with a kernel that knows none.
        for page in range(-(-first // LARGE_PAGE) * LARGE_PAGE, end - LARGE_PAGE + 1, LARGE_PAGE):
            libc.madvise(ctypes.c_void_p(page), ctypes.c_size_t(LARGE_PAGE), MADV_COLLAPSE)


def reseed():
    """Makes anew what a fork shares by accident and no library makes anew by itself."""
    mtrand = sys.modules.get("numpy.random.mtrand")
    if mtrand is not None:
        mtrand.seed()


Zygote(sys.argv[1:]).serve()
# A program may have a module of this name.
del sys.modules["start"]
start.run(start.wait_for_program())
