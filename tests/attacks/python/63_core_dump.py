# Kernel surface: a crash writes a file, or starts a program of the host's choice.
import os
import resource
import signal

try:
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    raised = True
except (OSError, ValueError):
    raised = False
print("OUTCOME: core limit raised:", raised, flush=True)
os.kill(os.getpid(), signal.SIGSEGV)
