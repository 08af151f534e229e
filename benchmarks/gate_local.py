"""How often a gate on this machine is right: `python benchmarks/gate_local.py [--repeats 20] [--memory 128]`.

A repository has two commits of one function that computes for about 50 ms: the same code twice, or code that is
30 % slower. Each gate is a process of its own, as in CI. Right is exit code 0 for the same code, else 10.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
HANDLER = """\
import hashlib

DATA = b"x" * 4096


def handler(event, context):
    digest = b""
    for _ in range({rounds}):
        digest = hashlib.sha256(DATA + digest).digest()
    return {{"sha256": digest.hex()}}
"""
ROUNDS = 13_000
#: What the second commit takes of the first one's time.
CASES = {"the same code": 1.0, "30 % slower": 1.3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """What one gate said, and took."""

    exit_code: int
    ratio: float | None
    interval: tuple[float, float | None] | None
    looks: int
    invocations: int
    took_s: float


def main() -> int:
    """Print a line for each gate, and a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--memory", default="current")
    parser.add_argument("--case", choices=tuple(CASES))
    asked = parser.parse_args()
    wanted = [asked.case] if asked.case else list(CASES)
    gates = {case: [gate(case, asked.memory) for _ in range(asked.repeats)] for case in wanted}
    print(table(gates))
    return 0


def gate(case: str, memory: str) -> Gated:
    """Gate the second commit of a new repository, in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        commit(root, 1.0)
        commit(root, CASES[case])
        words = ["gate", "--local", "fn/app.py:handler", "--baseline-ref", "HEAD~1", "--memory", memory]
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "powertune", *words, "-o", "gate.json", "--quiet"],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        took_s = time.monotonic() - began
        if not (root / "gate.json").exists():
            raise SystemExit(f"exit code {done.returncode}: {done.stderr}")
        found = read(root / "gate.json", done.returncode, took_s)
    print(f"{case}: {found}", file=sys.stderr, flush=True)
    return found


def commit(root: Path, slower: float) -> None:
    """One more commit, whose function takes longer by a factor."""
    (root / "fn").mkdir(exist_ok=True)
    (root / "fn" / "app.py").write_text(HANDLER.format(rounds=round(ROUNDS * slower)))
    git = ["git", "-c", "user.name=benchmark", "-c", "user.email=benchmark@example.com"]
    if not (root / ".git").exists():
        subprocess.run([*git, "init", "--quiet"], cwd=root, check=True)
    subprocess.run([*git, "add", "fn"], cwd=root, check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "benchmark"], cwd=root, check=True)


def read(file: Path, exit_code: int, took_s: float) -> Gated:
    """What the report says of the duration."""
    document = json.loads(file.read_bytes())
    judgement = document["judgement"]
    duration = next(check for check in judgement["checks"] if check["metric"] == "duration")
    ratio = duration["ratio"]
    return Gated(
        exit_code=exit_code,
        ratio=None if ratio is None else ratio["value"],
        interval=None if ratio is None else tuple(ratio["interval"]),
        looks=judgement["look"]["number"],
        invocations=document["effort"]["invocations"],
        took_s=took_s,
    )


def table(gates: dict[str, list[Gated]]) -> str:
    """Markdown: what the gates of each case said, how many looks they took, and how long."""
    lines = [
        "| second commit | gates | exit 0 | exit 10 | exit 8 | ratio, lowest to highest | looks, most | "
        "invocations, median | seconds, median |",
        "|---|---:|---:|---:|---:|---|---:|---:|---:|",
    ]
    for case, found in gates.items():
        codes = [each.exit_code for each in found]
        ratios = sorted(each.ratio for each in found if each.ratio is not None)
        lines.append(
            f"| {case} | {len(found)} | {codes.count(0)} | {codes.count(10)} | {codes.count(8)} | "
            f"{ratios[0]:.3f} to {ratios[-1]:.3f} | {max(each.looks for each in found)} | "
            f"{median([each.invocations for each in found]):.0f} | {median([each.took_s for each in found]):.0f} |"
        )
    return "\n".join(lines)


def median(values: list[int] | list[float]) -> float:
    """The upper median."""
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    sys.exit(main())
