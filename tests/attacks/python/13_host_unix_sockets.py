# Reach a socket: the host's own Unix sockets, by path and by abstract name.
import os
import socket

PATHS = ["/run/docker.sock", "/var/run/docker.sock", "/run/systemd/private", "/run/dbus/system_bus_socket",
         "/run/containerd/containerd.sock", "/tmp/.X11-unix/X0", "/var/run/nscd/socket",
         "\0/tmp/.X11-unix/X0", "\0/org/kernel/udev/udevd", "\0/containerd-shim/1.sock"]
reached = []
for path in PATHS:
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        reached.append(path)
    except OSError:
        pass
others = [line for line in open("/proc/self/net/unix").read().splitlines()[1:] if "@" in line]
sockets = [os.path.join(top, name) for top, _, names in os.walk("/") for name in names
           if not top.startswith("/proc") and os.path.exists(os.path.join(top, name))
           and os.stat(os.path.join(top, name)).st_mode & 0o170000 == 0o140000]
print("OUTCOME: reached:", reached, "abstract names:", others, "sockets in the tree:", sockets)
