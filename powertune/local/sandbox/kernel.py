"""The system calls of Linux that separate processes, for programs that must start quickly."""

import ctypes
import os

NEW_MOUNTS = 0x0002_0000
NEW_USER = 0x1000_0000
NEW_PIDS = 0x2000_0000
NEW_IPC = 0x0800_0000

NO_SUID, NO_DEVICES, NO_EXEC = 2, 4, 8
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x4_0000

READ_ONLY = 1
"""An attribute of mount_setattr(2); of the flags above, the first three have the same values there."""

_MOUNT_SETATTR = 442
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_DETACH = 2

_SET_PARENT_DEATH_SIGNAL, _DROP_FROM_BOUNDING_SET, _SET_NO_NEW_PRIVILEGES = 1, 24, 38
_SET_DUMPABLE = 4
_SIGKILL = 9
_IGNORED_BY_PYTHON = (13, 25)  # SIGPIPE, SIGXFSZ

_libc = ctypes.CDLL(None, use_errno=True)


class _MountAttributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("user_namespace", ctypes.c_uint64),
    )


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(kind: str, place: str, flags: int, options: str = "") -> None:
    """Mount a file system without a device.

    Raises:
        OSError: it is not permitted.
    """
    result = _libc.mount(kind.encode(), os.fsencode(place), kind.encode(), ctypes.c_ulong(flags), options.encode())
    _check(result, f"mount {kind} on {place}")


def bind(source: str, place: str) -> None:
    """Show a folder or a file, with what is mounted below it, at another place too.

    Raises:
        OSError: one of them does not exist, or it is not permitted.
    """
    flags = ctypes.c_ulong(_BIND | _RECURSIVE)
    _check(_libc.mount(os.fsencode(source), os.fsencode(place), None, flags, None), f"bind {source} to {place}")


def restrict(place: str, attributes: int, *, recursive: bool = True) -> None:
    """Add attributes to a mount: what it has already, and a user namespace may not take away, stays (Linux 5.12).

    Raises:
        OSError: the kernel is older, or it is not permitted.
    """
    given = _MountAttributes(set=attributes)
    result = _libc.syscall(
        ctypes.c_long(_MOUNT_SETATTR), ctypes.c_int(_AT_FDCWD), ctypes.c_char_p(os.fsencode(place)),
        ctypes.c_uint(_AT_RECURSIVE if recursive else 0), ctypes.byref(given), ctypes.c_size_t(ctypes.sizeof(given)),
    )  # fmt: skip
    _check(result, f"restrict {place}")


def detach(place: str) -> None:
    """Unmount, as soon as nobody uses it any more.

    Raises:
        OSError: nothing is mounted there.
    """
    _check(_libc.umount2(os.fsencode(place), _DETACH), f"unmount {place}")


def keep_mounts_private() -> None:
    """Neither show others what is mounted here, nor see what they mount.

    Raises:
        OSError: it is not permitted.
    """
    _check(_libc.mount(b"none", b"/", None, ctypes.c_ulong(_RECURSIVE | _PRIVATE), None), "make mounts private")


def unshare(namespaces: int) -> None:
    """Leave namespaces for new ones.

    Raises:
        OSError: it is not permitted.
    """
    _check(_libc.unshare(ctypes.c_int(namespaces)), "unshare")


def enter(descriptor: int, namespace: int) -> None:
    """Move into a namespace that exists.

    Raises:
        OSError: it is not permitted.
    """
    _check(_libc.setns(ctypes.c_int(descriptor), ctypes.c_int(namespace)), "setns")


def enter_new_user_namespace() -> None:
    """Have all rights in namespaces of our own, as the user that we are.

    Raises:
        OSError: it is not permitted.
    """
    user, group = os.geteuid(), os.getegid()
    unshare(NEW_USER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def change_root(place: str) -> None:
    """Make a mount the root folder, and let go of the old one.

    Raises:
        OSError: it is not permitted, or not known for this processor.
    """
    os.chdir(place)
    number = _PIVOT_ROOT.get(os.uname().machine, -1)
    _check(_libc.syscall(ctypes.c_long(number), b".", b"."), "pivot_root")
    detach(".")
    os.chdir("/")


def die_with_parent() -> None:
    """Be killed when the process ends that started this one."""
    _libc.prctl(_SET_PARENT_DEATH_SIGNAL, ctypes.c_ulong(_SIGKILL), 0, 0, 0)


def drop_rights(user: int | None) -> None:
    """Have no capabilities in the next program, and never get any; be another user if one is given.

    Raises:
        OSError: it is not permitted.
    """
    capability = 0
    while _libc.prctl(_DROP_FROM_BOUNDING_SET, ctypes.c_ulong(capability), 0, 0, 0) == 0:
        capability += 1
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    _check(_libc.prctl(_SET_NO_NEW_PRIVILEGES, ctypes.c_ulong(1), 0, 0, 0), "no_new_privs")


def heed_all_signals() -> None:
    """Undo what Python does to signals, which the next program would inherit."""
    for number in _IGNORED_BY_PYTHON:
        _libc.signal(ctypes.c_int(number), None)


def die_by(number: int) -> None:
    """End by a signal, without a core dump."""
    _libc.prctl(_SET_DUMPABLE, ctypes.c_ulong(0), 0, 0, 0)
    _libc.signal(ctypes.c_int(number), None)
    os.kill(os.getpid(), number)
