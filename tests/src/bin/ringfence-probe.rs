//! Makes raw system calls from inside the jail, for languages that have none of their own.
//!
//! Prints `CONTAINED name: errno` for a call that was refused and `ESCAPED name: …` for one that was let
//! through. Every call is made in a process of its own, with arguments that do nothing if it is let through.

use std::io;

/// A system call: its name, its number on x86-64, and its arguments.
type Call = (&'static str, libc::c_long, [libc::c_long; 5]);

/// Bit of x32 numbers (arch/x86/include/uapi/asm/unistd.h).
const X32_BIT: libc::c_long = 0x4000_0000;

const CALLS: &[Call] = &[
    ("mount", libc::SYS_mount, [0; 5]),
    ("umount2", libc::SYS_umount2, [0; 5]),
    ("fsopen", libc::SYS_fsopen, [0; 5]),
    ("open_tree", libc::SYS_open_tree, [-1, 0, 0, 0, 0]),
    ("move_mount", libc::SYS_move_mount, [-1, 0, -1, 0, 0]),
    ("pivot_root", libc::SYS_pivot_root, [0; 5]),
    ("chroot", libc::SYS_chroot, [0; 5]),
    ("unshare", libc::SYS_unshare, [libc::CLONE_NEWUTS as libc::c_long, 0, 0, 0, 0]),
    ("setns", libc::SYS_setns, [-1, 0, 0, 0, 0]),
    ("clone_newns", libc::SYS_clone, [(libc::CLONE_NEWNS | libc::SIGCHLD) as libc::c_long, 0, 0, 0, 0]),
    ("clone3", libc::SYS_clone3, [0; 5]),
    ("ptrace", libc::SYS_ptrace, [16, 0, 0, 0, 0]),
    ("process_vm_readv", libc::SYS_process_vm_readv, [1, 0, 0, 0, 0]),
    ("process_vm_writev", libc::SYS_process_vm_writev, [1, 0, 0, 0, 0]),
    ("pidfd_getfd", libc::SYS_pidfd_getfd, [-1, 0, 0, 0, 0]),
    ("kcmp", libc::SYS_kcmp, [0; 5]),
    ("bpf", libc::SYS_bpf, [99, 0, 0, 0, 0]),
    ("perf_event_open", libc::SYS_perf_event_open, [0, 0, -1, -1, 0]),
    ("userfaultfd", libc::SYS_userfaultfd, [1, 0, 0, 0, 0]),
    ("io_uring_setup", libc::SYS_io_uring_setup, [0; 5]),
    ("add_key", libc::SYS_add_key, [0; 5]),
    ("keyctl", libc::SYS_keyctl, [0, -3, 0, 0, 0]),
    ("seccomp", libc::SYS_seccomp, [99, 0, 0, 0, 0]),
    ("open_by_handle_at", libc::SYS_open_by_handle_at, [-1, 0, 0, 0, 0]),
    ("clock_settime", libc::SYS_clock_settime, [99, 0, 0, 0, 0]),
    ("kexec_load", libc::SYS_kexec_load, [0; 5]),
    ("init_module", libc::SYS_init_module, [0; 5]),
    ("reboot", libc::SYS_reboot, [0; 5]),
    ("swapon", libc::SYS_swapon, [0; 5]),
    ("inet_socket", libc::SYS_socket, [libc::AF_INET as libc::c_long, 1, 0, 0, 0]),
    ("netlink_socket", libc::SYS_socket, [libc::AF_NETLINK as libc::c_long, 3, 0, 0, 0]),
    ("alg_socket", libc::SYS_socket, [libc::AF_ALG as libc::c_long, 5, 0, 0, 0]),
    ("vsock_socket", libc::SYS_socket, [libc::AF_VSOCK as libc::c_long, 1, 0, 0, 0]),
    ("terminal_input", libc::SYS_ioctl, [0, libc::TIOCSTI as libc::c_long, 0, 0, 0]),
    ("core_limit", libc::SYS_setrlimit, [libc::RLIMIT_CORE as libc::c_long, 0, 0, 0, 0]),
    ("x32_getpid", X32_BIT | 39, [0; 5]),
    ("x32_ptrace", X32_BIT | 521, [16, 0, 0, 0, 0]),
];

fn main() {
    for (name, number, arguments) in CALLS {
        tell(name, in_child(|| raw(*number, arguments)));
    }
    #[cfg(target_arch = "x86_64")]
    tell("i386_getpid", in_child(i386_getpid));
}

/// Tells whether a call was refused: with an errno that says so, and not one about its arguments.
#[allow(clippy::print_stdout)]
fn tell(name: &str, errno: i32) {
    let word = if [libc::EPERM, libc::ENOSYS].contains(&errno) { "CONTAINED" } else { "ESCAPED" };
    println!("{word} {name}: {}", io::Error::from_raw_os_error(errno));
}

/// The errno of a call made in a process of its own; 0 for success.
fn in_child(call: impl FnOnce() -> i32) -> i32 {
    let mut status = 0;
    // SAFETY: the process has one thread, so the child may go on as an ordinary process; it leaves by
    // _exit. status outlives the call.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::_exit(call());
        }
        libc::waitpid(child, &mut status, 0);
    }
    if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 0 }
}

fn raw(number: libc::c_long, [a, b, c, d, e]: &[libc::c_long; 5]) -> i32 {
    // SAFETY: no argument is a pointer to anything: where one is expected, it is null.
    if unsafe { libc::syscall(number, *a, *b, *c, *d, *e) } >= 0 {
        return 0;
    }
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// getpid(2) by its number of 1991, through the gate for 32-bit programs.
#[cfg(target_arch = "x86_64")]
fn i386_getpid() -> i32 {
    let mut result: i64 = 20;
    // SAFETY: the gate keeps every register but the result's, and the call takes no argument.
    unsafe {
        std::arch::asm!("int 0x80", inout("rax") result, out("r8") _, out("r9") _, out("r10") _, out("r11") _);
    }
    i32::try_from(-result).map_or(0, |errno| errno.max(0))
}
