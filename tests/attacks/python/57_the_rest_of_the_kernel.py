# Kernel surface: every call number that the list of allowed calls does not hold.
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
CALLS = {"ptrace": 101, "syslog": 103, "modify_ldt": 154, "adjtimex": 159, "acct": 163, "settimeofday": 164,
         "reboot": 169, "sethostname": 170, "iopl": 172, "ioperm": 173, "init_module": 175, "kexec_load": 246,
         "add_key": 248, "request_key": 249, "keyctl": 250, "migrate_pages": 256, "vhangup": 153,
         "perf_event_open": 298, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "seccomp": 317,
         "bpf": 321, "userfaultfd": 323, "landlock_create_ruleset": 444, "memfd_secret": 447, "mq_open": 240,
         "msgget": 68, "clock_settime": 227, "process_madvise": 440, "remap_file_pages": 216,
         "lookup_dcookie": 212, "cachestat": 451, "map_shadow_stack": 453, "lsm_get_self_attr": 459, "lsm_list_modules": 461}
zero = ctypes.create_string_buffer(4096)
done = [name for name, number in CALLS.items() if libc.syscall(number, 0, 0, 0, 0, 0) >= 0]
print("OUTCOME: calls that worked:", done)
