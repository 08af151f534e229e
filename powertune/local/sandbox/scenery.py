"""What a function finds in its root folder: a system to run on, its interpreter, and nothing of the developer's.

All of the machine's own folders that are not named here stay out of sight, such as /home, /root, /srv and /run.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import powertune
from powertune.local.sandbox.fitting import DEVICE, EMPTY, FOLDER, LINK, SEAL, SHOW, Entry

TASK_ROOT, LAYERS, SCRATCH = Path("/var/task"), Path("/opt"), Path("/tmp")  # noqa: S108 - the function's own

USER = "sbx_user1051"
"""What the user that runs functions is called on Lambda. Its home does not exist."""

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/nix", "/gnu", "/sys")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_FOLDERS = ("/dev", "/home", "/mnt", "/opt", "/proc", "/root", "/run", str(SCRATCH), str(TASK_ROOT))
_LINKS = (("/proc/self/fd", "fd"), ("fd/0", "stdin"), ("fd/1", "stdout"), ("fd/2", "stderr"))
_RESOLVER = Path("/etc/resolv.conf")
_OWN = (TASK_ROOT, LAYERS, SCRATCH)


def common(accounts: Path, user: int) -> tuple[Entry, ...]:
    """What all functions of a server find.

    Args:
        accounts: a folder for files that stand in place of /etc/passwd and /etc/group.
        user: the number of the user that runs functions.
    """
    entries: list[Entry] = [(FOLDER, "", place) for place in _FOLDERS]
    for place in _SYSTEM:
        path = Path(place)
        if path.is_symlink():
            entries.append((LINK, str(path.readlink()), place))
        elif path.is_dir():
            entries.append((SHOW, place, place))
    entries += [(DEVICE, f"/dev/{name}", f"/dev/{name}") for name in _DEVICES]
    entries += [(LINK, target, f"/dev/{name}") for target, name in _LINKS]
    if Path("/sys/fs/cgroup").is_dir():
        # Else one could change one's own limits, where the server is not root.
        entries += [(EMPTY, "", "/sys/fs/cgroup"), (SEAL, "", "/sys/fs/cgroup")]
    entries += _accounts(accounts, user)
    entries += [(SHOW, str(path), str(path)) for path in _elsewhere() if not _is_below_own(path)]
    return tuple(entries)


def own(task_root: Path, layers: Path | None) -> tuple[Entry, ...]:
    """What the functions of one version find, on top of that and of /tmp: their code, their layers."""
    late = [path for path in _elsewhere() if _is_below_own(path)]
    entries: list[Entry] = [(SHOW, str(task_root), str(TASK_ROOT))]
    if not any(path.is_relative_to(LAYERS) for path in late):
        entries += [] if layers is None else [(SHOW, str(layers), str(LAYERS))]
    else:
        # The interpreter lives in /opt, as it does on some build servers, and the layers go beside it.
        entries.append((EMPTY, "", str(LAYERS)))
        for item in () if layers is None else sorted(layers.iterdir()):
            shown: Entry = (LINK, str(item.readlink()), "") if item.is_symlink() else (SHOW, str(item), "")
            entries.append((shown[0], shown[1], str(LAYERS / item.name)))
    entries += [(SHOW, str(path), str(path)) for path in late]
    if (EMPTY, "", str(LAYERS)) in entries:
        entries.append((SEAL, "", str(LAYERS)))
    return tuple(entries)


def interpreter() -> tuple[Path, ...]:
    """Where this very Python, its libraries and the runtime clients are; of a project's folder the package only."""
    package = Path(powertune.__file__).parent
    found = [Path(place) for place in (sys.prefix, sys.base_prefix, sys.exec_prefix)]
    for place in map(Path, sys.path):
        is_project = place == package.parent and "-packages" not in place.name
        if place.is_absolute() and place.exists() and not is_project:
            found.append(place)
    return (*found, package, *_programs(("node", "aws-lambda-ric")))


def _programs(names: Iterable[str]) -> list[Path]:
    found = []
    for name in names:
        if (path := shutil.which(name)) is None:
            continue
        real = Path(os.path.realpath(path))
        modules = [folder for folder in real.parents if folder.name == "node_modules"]
        found += [Path(path).parent, modules[-1] if modules else real.parent]
    return found


def _elsewhere() -> list[Path]:
    """What the interpreter needs and a system's own folders do not have, the outermost folders only."""
    wanted = {Path(os.path.abspath(path)) for path in interpreter()}  # noqa: PTH100 - links stay what they are
    wanted |= {Path(os.path.realpath(path)) for path in wanted}
    if _RESOLVER.exists():
        wanted.add(Path(os.path.realpath(_RESOLVER)))
    covered = [Path(place) for place in _SYSTEM]
    chosen: list[Path] = []
    for path in sorted(wanted, key=lambda path: len(path.parts)):
        if path != Path("/") and not any(path.is_relative_to(place) for place in (*covered, *chosen)):
            chosen.append(path)
    return chosen


def _is_below_own(path: Path) -> bool:
    return any(path.is_relative_to(place) for place in _OWN)


def _accounts(folder: Path, user: int) -> list[Entry]:
    folder.mkdir(exist_ok=True)
    texts = {
        "passwd": f"root:x:0:0:root:/root:/sbin/nologin\n{USER}:x:{user}:{user}::/home/{USER}:/sbin/nologin\n",
        "group": f"root:x:0:\n{USER}:x:{user}:\n",
    }
    entries: list[Entry] = []
    for name, text in texts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
        if Path("/etc", name).exists():
            entries.append((SHOW, str(folder / name), f"/etc/{name}"))
    return entries


def interpreter_libraries(own: Mapping[str, str]) -> list[Path]:
    """Those of the server's LD_LIBRARY_PATH without which this very Python might not start."""
    folders = map(Path, filter(None, own.get("LD_LIBRARY_PATH", "").split(os.pathsep)))
    return [folder for folder in folders if folder.is_relative_to(sys.base_prefix)]
