# Why: where the host pipes dumps into a program, a guest's crash would start that, as root, with what it likes.
# Must: dumps are limited to 1 byte, the kernel's sign for "into nothing"; 0 would start the program.
# layers: rlimits, seccomp
import resource


def report(escaped, name, detail):
    print("ESCAPED" if escaped else "CONTAINED", f"{name}: {detail}", flush=True)


limit = resource.getrlimit(resource.RLIMIT_CORE)
report(limit != (1, 1), "limit", limit)
try:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    report(True, "lower", resource.getrlimit(resource.RLIMIT_CORE))
except (OSError, ValueError) as error:
    report(False, "lower", error)
