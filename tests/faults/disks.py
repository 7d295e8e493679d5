"""Failing disks: a small file system that can be filled or made read-only, and system calls that fail.

with small_disk(folder, megabytes=4) as disk: disk.fill(); disk.free(); disk.set_read_only(True)
with refusing(pids, path, calls="fsync,fdatasync", error="EIO"): …

Both need rights that not every machine gives; without them the test is skipped with the reason.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BLOCK = 64 * 1024


class Disk:
    """A file system in memory."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Fill the disk completely."""
        with self._filler.open("ab", buffering=0) as file:
            for size in (BLOCK, 1):
                while _written(file, size):
                    pass

    def free(self) -> None:
        """Free the space again."""
        self._filler.unlink()

    def set_read_only(self, is_read_only: bool) -> None:
        """Make the disk read-only or writable; read-only works only while no file is open for writing."""
        _mount("-o", f"remount,{'ro' if is_read_only else 'rw'}", str(self.folder))


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """Mount a small file system at the folder, or skip the test when the machine does not allow that."""
    folder.mkdir()
    try:
        _mount("-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(folder))
    except (OSError, subprocess.CalledProcessError) as problem:
        pytest.skip(f"no small file system can be mounted here: {problem}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def refusing(pids: Iterable[int], path: Path, *, calls: str, error: str) -> Iterator[None]:
    """Make the processes' system calls on a file fail, or skip the test when the machine does not allow that."""
    program = shutil.which("strace")
    if program is None:
        pytest.skip("strace is not installed, which makes the kernel refuse a call")
    tracees = [part for pid in pids for part in ("-p", str(pid))]
    inject = ["-e", f"trace={calls}", "-e", f"inject={calls}:error={error}", "-P", str(path)]
    command = [program, "-f", *inject, "-o", "/dev/null", *tracees]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        _wait_until_attached(tracer, len(tracees) // 2)
        yield
    finally:
        tracer.terminate()  # when it gets SIGTERM, strace detaches from the processes
        tracer.wait(30)
        tracer.stderr.close()


def _wait_until_attached(tracer: subprocess.Popen, number: int) -> None:
    """Wait until strace has reported each process, which it does after attaching to all of the process's threads."""
    while number:
        line = tracer.stderr.readline()
        if not line or "Operation not permitted" in line:
            pytest.skip(f"strace may not trace here: {line}")
        number -= "attached" in line


def _written(file, size: int) -> bool:
    try:
        return file.write(bytes(size)) == size
    except OSError:
        return False


def _mount(*arguments: str) -> None:
    if os.geteuid() != 0:
        raise PermissionError("only root may mount")
    subprocess.run(["mount", *arguments], check=True, capture_output=True)
