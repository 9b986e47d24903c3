"""Numbers of the system calls that a sandboxed process may make.

Sources: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux. What is allowed is what
an interpreter that only computes, reads its standard input and writes its standard output needs: memory, threads, its
own signals, clocks, and, until its libraries are loaded, reading files.
"""

from __future__ import annotations

#: `uname -m`: the number that the kernel calls the architecture by (include/uapi/linux/audit.h).
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

#: Allowed whatever they are given.
ALLOWED: dict[str, tuple[str, ...]] = {
    "memory": ("brk", "mmap", "mprotect", "munmap", "mremap", "madvise", "membarrier"),
    "descriptors": ("read", "write", "readv", "writev", "pread64", "close", "lseek", "fstat", "newfstatat", "ppoll"),
    "threads": ("futex", "set_tid_address", "set_robust_list", "rseq", "gettid", "getpid", "exit", "exit_group"),
    "scheduling": ("sched_yield", "sched_getaffinity", "nanosleep", "clock_nanosleep", "restart_syscall"),
    "signals": ("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack"),
    "clocks": ("clock_gettime", "clock_getres", "gettimeofday", "getrandom", "setitimer"),
    "identity": ("getuid", "geteuid", "getgid", "getegid", "uname", "faccessat", "faccessat2"),
    "x86 only": ("arch_prctl", "poll", "access"),
}

_X86_64 = """read 0 write 1 close 3 fstat 5 poll 7 lseek 8 mmap 9 mprotect 10 munmap 11 brk 12 rt_sigaction 13
rt_sigprocmask 14 rt_sigreturn 15 pread64 17 readv 19 writev 20 access 21 sched_yield 24 mremap 25 madvise 28
nanosleep 35 setitimer 38 getpid 39 clone 56 execve 59 exit 60 uname 63 gettimeofday 96 getuid 102 getgid 104
geteuid 107 getegid 108 sigaltstack 131 prctl 157 arch_prctl 158 gettid 186 futex 202 sched_getaffinity 204
set_tid_address 218 restart_syscall 219 clock_gettime 228 clock_getres 229 clock_nanosleep 230 exit_group 231 tgkill 234
openat 257 newfstatat 262 faccessat 269 ppoll 271 set_robust_list 273 prlimit64 302 seccomp 317 getrandom 318
execveat 322 membarrier 324 rseq 334 clone3 435 faccessat2 439"""

_AARCH64 = """faccessat 48 openat 56 close 57 lseek 62 read 63 write 64 readv 65 writev 66 pread64 67 ppoll 73
newfstatat 79 fstat 80 exit 93 exit_group 94 set_tid_address 96 futex 98 set_robust_list 99 nanosleep 101 setitimer 103
clock_gettime 113 clock_getres 114 clock_nanosleep 115 sched_getaffinity 123 sched_yield 124 restart_syscall 128
tgkill 131 sigaltstack 132 rt_sigaction 134 rt_sigprocmask 135 rt_sigreturn 139 uname 160 prctl 167 gettimeofday 169
getpid 172 getuid 174 geteuid 175 getgid 176 getegid 177 gettid 178 brk 214 munmap 215 mremap 216 clone 220 execve 221
mmap 222 mprotect 226 madvise 233 prlimit64 261 seccomp 277 getrandom 278 execveat 281 membarrier 283 rseq 293
clone3 435 faccessat2 439"""


def _table(text: str) -> dict[str, int]:
    words = text.split()
    return {name: int(number) for name, number in zip(words[::2], words[1::2], strict=True)}


NUMBERS = {"x86_64": _table(_X86_64), "aarch64": _table(_AARCH64)}
