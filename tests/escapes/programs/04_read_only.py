# Why: what one run can change outside its scratch, the next one and the host would meet.
# Must: root, devices and the program's own text are read-only; /proc shows nothing of the kernel's settings.
# layers: readonly, landlock, credentials, user, proc
import os
import sys


def report(escaped, name, detail):
    print("ESCAPED" if escaped else "CONTAINED", f"{name}: {detail}")


for directory in ("/", "/usr", "/etc", "/dev", "/job"):
    try:
        path = os.path.join(directory, "made-by-the-guest")
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        os.unlink(path)
        report(True, f"write{directory}", "made a file")
    except OSError as error:
        report(False, f"write{directory}", error)
try:
    open(sys.argv[0], "a").close()
    report(True, "own_text", "opened for writing")
except OSError as error:
    report(False, "own_text", error)
shown = [path for path in ("/proc/sys", "/proc/kallsyms", "/proc/sysrq-trigger") if os.path.exists(path)]
report(shown, "kernel_settings", shown)
