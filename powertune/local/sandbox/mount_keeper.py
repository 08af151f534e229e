"""A process that holds mounts which this machine does not show: functions' root folder, and their /tmp.

What it mounts lives in a namespace of its own, so that the kernel removes it when the server and its functions have
ended, however they end. It is told what to do on stdin, and ends with it.
"""

import marshal
import os
import sys
from collections.abc import Callable

from powertune.local.sandbox import fitting, kernel

_SAFE = kernel.NO_SUID | kernel.NO_DEVICES


def main() -> None:
    """Follow orders until nobody is left to give any."""
    os.umask(0o022)
    # Orders and answers only: what mount(8) says goes to stderr.
    while True:
        try:
            order, *arguments = marshal.load(sys.stdin.buffer)  # noqa: S302 - from our own server
        except EOFError:
            return
        try:
            _ORDERS[order](*arguments)
            answer = ""
        except OSError as error:
            answer = error.strerror or str(error)
        marshal.dump(answer, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _build(root: str, entries: list[fitting.Entry], with_user: bool) -> None:
    """The root folder that all functions start from; read-only from now on."""
    if with_user:
        kernel.enter_new_user_namespace()
    kernel.unshare(kernel.NEW_MOUNTS)
    kernel.keep_mounts_private()
    kernel.mount("tmpfs", root, _SAFE, "size=1m,mode=755")
    for entry in entries:
        fitting.fit(root, entry)
    kernel.restrict(root, kernel.READ_ONLY, recursive=False)


def _mount_image(program: str, image: str, place: str, owner: int) -> None:
    """Mount a file system in a file. The kernel lets go of the loop device, and so of the file, with the mount."""
    command = [program, "-t", "ext4", "-o", "loop,nosuid,nodev,noatime", image, place]
    status = os.waitstatus_to_exitcode(os.waitpid(os.posix_spawn(program, command, os.environ), 0)[1])
    os.unlink(image)
    if status:
        raise OSError(f"mount -o loop: exit status {status}")
    os.rmdir(f"{place}/lost+found")
    os.chown(place, owner, owner)
    os.chmod(place, 0o700)


def _mount_memory(place: str, size_mb: int, owner: int) -> None:
    kernel.mount("tmpfs", place, _SAFE, f"size={size_mb}m,mode=700")
    if owner != os.geteuid():
        os.chown(place, owner, owner)


_ORDERS: dict[str, Callable[..., None]] = {
    "build": _build,
    "mount image": _mount_image,
    "mount memory": _mount_memory,
    "detach": kernel.detach,
}
