# Why: a guest that is root, pid 1 or able to signal its init could undo or outlive the jail.
# Must: an unprivileged child of our init, in a session of its own, that cannot gain anything.
# layers: user, credentials, pid, proc, seccomp, no_new_privs, landlock
import ctypes
import os

CLONE_NEWUSER = 0x10000000
libc = ctypes.CDLL(None, use_errno=True)


def report(escaped, name, detail):
    print("ESCAPED" if escaped else "CONTAINED", f"{name}: {detail}", flush=True)


def attempt(name, call):
    try:
        report(True, name, call())
    except OSError as error:
        report(False, name, error)


def make_user_namespace():
    child = os.fork()
    if child == 0:
        os._exit(0 if libc.unshare(CLONE_NEWUSER) == 0 else 1)
    if os.waitpid(child, 0)[1] != 0:
        raise OSError("refused")
    return "made"


report(os.getppid() != 1, "child_of_pid_1", os.getppid())
report(os.getsid(0) != os.getpid(), "session", os.getsid(0))
report(os.getgroups() not in ([], [65534]), "groups", os.getgroups())
status = open("/proc/self/status").read()
bounding = next(line for line in status.splitlines() if line.startswith("CapBnd"))
report(int(bounding.split()[1], 16) != 0, "bounding_set", bounding)
attempt("become_root", lambda: os.setresuid(0, 0, 0))
attempt("signal_init", lambda: os.kill(os.getppid(), 0))
attempt("user_namespace", make_user_namespace)
