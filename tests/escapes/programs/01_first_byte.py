# Why: what the interpreter does before the guest's first line is already the guest's doing.
# Must: at the first line, every restriction of the process itself is in force.
# layers: no_new_privs, seccomp, landlock, credentials, rlimits, user
import os
import resource


def report(escaped, name, detail):
    print("ESCAPED" if escaped else "CONTAINED", f"{name}: {detail}")


status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
report(status["NoNewPrivs"] != "1", "no_new_privs", status["NoNewPrivs"])
report(status["Seccomp"] != "2", "seccomp", status["Seccomp"])
report(os.getuid() == 0, "uid", os.getuid())
sets = [status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")]
report(any(int(bits, 16) for bits in sets), "capabilities", sets)
# A file of our own outside the scratch: only Landlock refuses it.
try:
    open("/proc/self/comm", "w").write("mine")
    report(True, "landlock", "wrote to /proc/self/comm")
except OSError as error:
    report(False, "landlock", error)
limits = [resource.getrlimit(kind)[1] for kind in (resource.RLIMIT_FSIZE, resource.RLIMIT_CPU)]
report(resource.RLIM_INFINITY in limits, "rlimits", limits)
