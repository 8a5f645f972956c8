# Read a host file: learn the host's paths, devices and data directory from mountinfo and the statistics of mounts.
lines = open("/proc/self/mountinfo").read().splitlines()
hidden = [line for line in lines if any(word in line for word in ("/data", "shadow", "/home", "cgroup", "sysfs"))]
writable = sorted({line.split()[4] for line in lines if line.split()[5].startswith("rw")})
print(f"OUTCOME: {len(lines)} mounts, of the data directory and cgroups {hidden}, writable {writable}")
