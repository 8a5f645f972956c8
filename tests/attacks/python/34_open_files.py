# Exceed a limit unnamed: more open files than the limit, raised first if possible.
import os
import resource

soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
try:
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard * 2, hard * 2))
    raised = True
except (OSError, ValueError):
    raised = False
opened = 0
try:
    while True:
        os.open("/dev/null", os.O_RDONLY)
        opened += 1
except OSError as error:
    print(f"OUTCOME: raised {raised}, opened less than the limit {opened < hard}:", error.strerror)
