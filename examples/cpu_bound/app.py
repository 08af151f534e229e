"""CPU-bound: hashes and compresses a text again and again, and waits for nothing."""

import hashlib
import zlib
from pathlib import Path
from typing import Any

TEXT = (Path(__file__).parent / "declaration.txt").read_bytes() * 8


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    digest = b""
    compressed = 0
    for _ in range(int(event["rounds"])):
        digest = hashlib.pbkdf2_hmac("sha256", TEXT, digest, 500)
        compressed += len(zlib.compress(TEXT + digest, 9))
    return {"sha256": digest.hex(), "compressed_bytes": compressed}
