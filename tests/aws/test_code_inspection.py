import struct
import zipfile
from io import BytesIO

import pytest
from fakes import elf, make_zip
from hypothesis import given
from hypothesis import strategies as st

from powertune.aws.copies.code_inspection import Native, inspect, lacking, machine_of
from powertune.model import Architecture

ARM, X86 = Architecture.ARM64, Architecture.X86_64
I386, X86_64, ARM32, AARCH64, BPF, RISCV = 3, 62, 40, 183, 247, 243


@pytest.mark.parametrize(
    ("header", "architecture"),
    [
        (elf(X86_64), X86),
        (elf(I386), X86),
        (elf(AARCH64), ARM),
        (elf(AARCH64, big=True), ARM),
        (elf(ARM32), ARM),
        (elf(BPF), None),
        (elf(RISCV), None),
        (elf(X86_64)[:19], None),
        (b"MZ" + bytes(30), None),
        (b"#!/bin/sh\nexec python3 bootstrap.py", None),
        (b"", None),
    ],
)
def test_a_binary_tells_its_processor(header: bytes, architecture: Architecture | None) -> None:
    assert machine_of(header) is architecture


@given(st.binary(max_size=200))
def test_any_bytes_are_taken(data: bytes) -> None:
    machine_of(data)
    inspect(data)
    inspect(make_zip({"some.jar": data, "other.so": b"\x7fELF" + data}))


def test_binaries_are_named_with_their_path_in_archives_too() -> None:
    jar = make_zip({"linux/libx.so": elf(X86_64), "A.class": b"\xca\xfe"})
    found = inspect(
        make_zip({"lib/": b"", "lib/libfoo.so.1": elf(X86_64), "bootstrap": elf(AARCH64), "lib/dep.jar": jar})
    )
    assert found.skipped == []
    assert {(native.path, native.architecture) for native in found.natives} == {
        ("lib/libfoo.so.1", X86),
        ("bootstrap", ARM),
        ("lib/dep.jar!linux/libx.so", X86),
    }


def test_an_archive_in_an_archive_is_not_opened() -> None:
    inner = make_zip({"x.so": elf(X86_64)})
    assert inspect(make_zip({"outer.zip": make_zip({"inner.zip": inner})})).natives == []


def test_what_cannot_be_read_is_named() -> None:
    assert inspect(b"not a zip").skipped == ["the package"]
    assert inspect(make_zip({"a.jar": b"not a jar", "b.py": b""})).skipped == ["a.jar"]
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("packed.so", elf(X86_64))
    assert inspect(stream.getvalue()).skipped == ["packed.so"]
    package = bytearray(make_zip({"locked.so": elf(X86_64)}))
    at = package.index(b"PK\x01\x02")
    for flags in (6, at + 8):
        struct.pack_into("<H", package, flags, 1)
    assert inspect(bytes(package)).skipped == ["locked.so"]


def test_a_zip_bomb_is_left_alone() -> None:
    small = make_zip({"x.so": elf(X86_64)})
    bomb = bytes(100_000)
    package = make_zip({"bomb.zip": bomb, "a.zip": small, "b.zip": small})
    found = inspect(package, most=1000, in_all=2 * len(small) - 1)
    assert found.skipped == ["bomb.zip", "b.zip"]
    assert [native.path for native in found.natives] == ["a.zip!x.so"]


@pytest.mark.parametrize(
    ("ours", "twin"),
    [
        ("libfoo-x86_64.so", "libfoo-aarch64.so"),
        ("@img/sharp-linux-x64/lib/sharp-linux-x64.node", "@img/sharp-linux-arm64/lib/sharp-linux-arm64.node"),
        ("bcrypt/prebuilds/linux-x64/bcrypt.glibc.node", "bcrypt/prebuilds/linux-arm64/bcrypt.armv8.glibc.node"),
        ("level/prebuilds/linux-x64/node.napi.glibc.node", "level/prebuilds/linux-arm64/node.napi.armv8.node"),
        ("lz.linux-ia32-gnu.node", "lz.linux-arm-gnueabihf.node"),
        ("_c.cpython-312-x86_64-linux-gnu.so", "_c.cpython-312-aarch64-linux-gnu.so"),
        ("jna.jar!com/sun/jna/linux-x86-64/libdispatch.so", "jna.jar!com/sun/jna/linux-aarch64/libdispatch.so"),
        (
            "netty-linux-x86_64.jar!META-INF/native/libepoll_x86_64.so",
            "netty-linux-aarch_64.jar!META-INF/native/libepoll_aarch_64.so",
        ),
        ("bin/amd64/tool", "bin/arm64/tool"),
        ("Linux/x86/libsnappy.so", "Linux/armv7/libsnappy.so"),
        ("bin/tool", "bin/tool-arm64"),
    ],
)
def test_a_binary_with_a_twin_is_no_reason_to_refuse(ours: str, twin: str) -> None:
    natives = [Native(path=ours, architecture=X86), Native(path=twin, architecture=ARM)]
    assert lacking(natives, X86, ARM) == ()
    assert lacking(natives, ARM, X86) == ()
    assert lacking(natives[:1], X86, ARM) == (ours,)


@pytest.mark.parametrize(
    ("ours", "other"),
    [
        ("matrix64.so", "matrix.so"),
        ("sharp/build/index.node", "bcrypt/prebuilds/linux-arm64/index.node"),
        ("sharp/prebuilds/linux-x64/index.node", "bcrypt/prebuilds/linux-arm64/index.node"),
        ("a.jar!linux-x86-64/libx.so", "b.jar!linux-aarch64/libx.so"),
        ("a/linux-x64-gnu/x.node", "a/linux-arm64-musl/x.node"),
        ("lib/libx.so.1", "lib/arm64/libx.so.1"),
    ],
)
def test_a_binary_elsewhere_or_of_another_name_is_no_twin(ours: str, other: str) -> None:
    natives = [Native(path=ours, architecture=X86), Native(path=other, architecture=ARM)]
    assert lacking(natives, X86, ARM) == (ours,)
    assert lacking(natives, ARM, X86) == (other,)


def test_one_twin_excuses_one_binary() -> None:
    natives = [
        Native(path="bcrypt/prebuilds/linux-x64/index.node", architecture=X86),
        Native(path="bcrypt/prebuilds/linux-arm64/index.node", architecture=ARM),
        Native(path="sharp/build/index.node", architecture=X86),
    ]
    assert lacking(natives, X86, ARM) == ("sharp/build/index.node",)
    assert lacking(natives, ARM, X86) == ()


@pytest.mark.parametrize(
    ("path", "needed"),
    [
        ("jna.jar!com/sun/jna/freebsd-x86-64/libdispatch.so", False),
        ("jna.jar!com/sun/jna/sunos-x86/libdispatch.so", False),
        ("zstd.jar!freebsd/amd64/libzstd.so", False),
        ("snappy.jar!Linux/android-arm/libsnappy.so", False),
        ("android/libx.so", True),
        ("myfreebsd-x64/libx.so", True),
    ],
)
def test_a_binary_for_another_system_needs_no_twin(path: str, needed: bool) -> None:
    for own, wanted in ((X86, ARM), (ARM, X86)):
        assert lacking([Native(path=path, architecture=own)], own, wanted) == ((path,) if needed else ())
