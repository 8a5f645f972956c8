# Why: Bash has no raw system calls, but it can write a program that makes one, and run it.
# Must: each is refused with an errno, by x86-64, x32 and i386 numbers alike, and the answer names them.
# layers: seccomp, credentials, user, no_new_privs, landlock
report() { echo "$([[ $1 == 0 ]] && echo ESCAPED || echo CONTAINED) $2: $3"; }

# The little-endian bytes of a 32-bit number, as printf wants them.
word() { printf '\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }

# A program of 120 bytes of ELF and then machine code, at 0x400000.
program() {
    local zero4='\x00\x00\x00\x00'
    local head='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00\x01\x00\x00\x00'
    head+='\x78\x00\x40\x00\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'
    head+="$zero4"'\x40\x00\x38\x00\x01\x00\x00\x00\x00\x00\x00\x00'
    head+='\x01\x00\x00\x00\x05\x00\x00\x00'"$zero4$zero4"'\x00\x00\x40\x00\x00\x00\x00\x00'
    head+='\x00\x00\x40\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00'
    head+='\x00\x10\x00\x00\x00\x00\x00\x00'
    printf "$head$1" >"$2"
    chmod +x "$2"
}

# exit(-result): the errno of the call just made.
leave='\xf7\xd8\x89\xc7\xb8\x3c\x00\x00\x00\x0f\x05'

# Makes one call with up to four arguments; an exit code of 1 (EPERM) or 38 (ENOSYS) is a refusal.
attempt() {
    local name=$1 number=$2 code
    shift 2
    code="\\xb8$(word "$number")\\xbf$(word "${1:-0}")\\xbe$(word "${2:-0}")\\xba$(word "${3:-0}")"
    code+="\\x41\\xba$(word "${4:-0}")\\x45\\x31\\xc0\\x0f\\x05$leave"
    judge "$name" "$code"
}

judge() {
    program "$2" "/work/$1"
    "/work/$1"
    local code=$?
    rm "/work/$1"
    [[ $code != 1 && $code != 38 ]]; report $? "$1" "errno $code"
}

if [[ $(uname -m) == x86_64 ]]; then
    attempt unshare 272 0x04000000
    attempt setns 308 0xffffffff
    attempt ptrace 101 16
    attempt process_vm_readv 310 $$
    attempt keyctl 250 0 0xfffffffd
    attempt userfaultfd 323 1
    attempt io_uring_setup 425
    attempt seccomp 317 99
    attempt clock_settime 227 99
    attempt x32_ptrace $((0x40000000 | 521)) 16
    # mov eax, 20 (getpid); int 0x80
    judge i386 "\\xb8$(word 20)\\xcd\\x80$leave"
else
    report 1 unshare "no machine code for $(uname -m) here"
fi
