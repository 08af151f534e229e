"""Deployment packages made of texts."""

import io
import zipfile
from collections.abc import Mapping


def packed(files: Mapping[str, str]) -> bytes:
    """A ZIP archive of files, the same for the same files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text)
    return stream.getvalue()
