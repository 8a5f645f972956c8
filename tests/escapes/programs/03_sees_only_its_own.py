# Why: a host file, another process or an open descriptor of ours would be a way to data and secrets.
# Must: only its own processes, its runtime and its scratch; an environment built from nothing.
# layers: root, proc, pid, user, credentials, landlock, env, fds, seccomp, no_new_privs
import os
import sys


def report(escaped, name, detail):
    print("ESCAPED" if escaped else "CONTAINED", f"{name}: {detail}")


def readable(path):
    try:
        return bool(open(path, "rb").read(64))
    except OSError:
        return False


report(readable(sys.argv[1]), "host_file", sys.argv[1])
unexpected = {"sys", "root", "home", "boot", "var", "run", "srv", "opt"} & set(os.listdir("/"))
report(unexpected, "host_directories", sorted(unexpected))
expected = {"null", "zero", "full", "random", "urandom", "fd", "stdin", "stdout", "stderr", "shm"}
report(set(os.listdir("/dev")) != expected, "devices", sorted(set(os.listdir("/dev")) - expected)[:5])
report(os.getcwd() != "/work", "working_directory", os.getcwd())
ours = [name for name in os.environ if name.startswith("RINGFENCE")]
report(ours, "environment", ours)
others = [pid for pid in os.listdir("/proc") if pid.isdigit() and pid != str(os.getpid())]
report(others, "processes", others[:5])
secrets = [pid for pid in others if readable(f"/proc/{pid}/environ")]
report(secrets, "environment_of_others", secrets[:5])
descriptors = []
for number in range(3, 1024):
    try:
        descriptors.append(os.readlink(f"/proc/self/fd/{number}"))
    except OSError:
        pass
report(descriptors, "descriptors", descriptors)
