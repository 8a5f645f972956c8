# Read another run's data: the path of our control group names the supervisor's process and installation.
paths = {line.split(":", 2)[2] for line in open("/proc/self/cgroup").read().splitlines()}
print("OUTCOME: control groups seen:", sorted(paths))
