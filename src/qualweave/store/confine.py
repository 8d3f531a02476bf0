"""What a reader process gives up before it answers anybody: its parent's death, memory, the network.

A query's author may write anything. Whatever the parser overlooks, a worker cannot outlive the service,
take more memory than its limit, or (on Linux, x86-64 and AArch64) open a socket, so that no SERVICE
leaves the machine.
"""

import contextlib
import ctypes
import os
import platform
import resource
import signal
import struct
from pathlib import Path

_MIB = 2**20
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_MODE_FILTER = 2
_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06  # BPF: ld abs word, jeq immediate, ret immediate
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 13  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EACCES
_SOCKET_CALLS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}


def die_with_parent(parent: int) -> None:
    """Let the kernel end this process when the thread that started it ends; Linux only.

    Elsewhere the pipe's end does it, after the query under way.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def give_up_sockets() -> bool:
    """Refuse every ``socket`` call of this process from now on; return whether the kernel does so."""
    known = _SOCKET_CALLS.get(platform.machine())
    if known is None or platform.system() != "Linux":
        return False
    architecture, call = known
    rules = [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 0, 2, architecture),  # another one's calls are numbered otherwise
        (_LOAD, 0, 0, 0),
        (_JUMP_EQUAL, 0, 1, call),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
    program = struct.pack("HxxxxxxQ", len(rules), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program, 0, 0) == 0)


def address_space() -> int:
    """Return the size of this process's address space, in bytes (0 where the system does not tell)."""
    with contextlib.suppress(OSError):
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
        return int(pages) * resource.getpagesize()
    return 0


def limit_memory(base: int, mib: int) -> None:
    """Limit the address space to ``base`` bytes and ``mib`` MiB."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (base + mib * _MIB, hard))
