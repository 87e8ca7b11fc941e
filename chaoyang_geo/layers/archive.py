"""Zipped layers: unpacked into a folder of our own, and nothing else than layers.

Refused: members that would land outside the folder (zip slip), symbolic links, members that
are archives themselves, encrypted members, and archives that unpack to more than the limits.
What a member really unpacks to is counted; its own word is not trusted.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from chaoyang_geo.layers.encoding import decide

#: Limits of a zipped layer.
MAX_MEMBERS = 10_000
MAX_UNPACKED_BYTES = 4 << 30
MAX_RATIO = 200
_RATIO_FROM_BYTES = 64 << 20  # blanks of a small table pack very tightly
_PIECE = 1 << 20

_ARCHIVES = {
    ".zip", ".rar", ".7z", ".gz", ".tgz", ".bz2", ".xz", ".tar", ".zst", ".kmz", ".cab", ".jar",
}  # fmt: skip
_RUBBISH = ("__MACOSX/", ".DS_Store")


def check_archive(path: Path) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """Return the members with their names decoded, after refusing a dangerous archive.

    Raises
    ------
    ValueError
        The archive is damaged or dangerous; the message names the member.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path}: this is no readable zip file ({error}).") from error
    if len(infos) > MAX_MEMBERS:
        raise ValueError(
            f"{path}: the archive holds {len(infos):,} members, more than {MAX_MEMBERS:,}; "
            "unpack it yourself and read the layer from its folder."
        )
    names = _names(infos)
    members = [
        (info, _safe(path, info, name))
        for info, name in zip(infos, names, strict=True)
        if not info.is_dir() and not name.startswith(_RUBBISH[0]) and not name.endswith(_RUBBISH[1])
    ]
    total = sum(info.file_size for info, _ in members)
    _check_size(path, total)
    for info, name in members:
        if info.file_size > _RATIO_FROM_BYTES and info.file_size > MAX_RATIO * info.compress_size:
            raise _bomb(path, str(name), info.file_size, info.compress_size)
    return members


def unpack(path: Path, folder: Path) -> list[Path]:
    """Unpack the members of a checked archive into ``folder``; return the files."""
    members = check_archive(path)
    total = sum(info.file_size for info, _ in members)
    free = shutil.disk_usage(folder).free
    if total > free:
        raise ValueError(
            f"{path}: unpacked it takes {total:,} bytes, but {folder} has only {free:,} left."
        )
    files = []
    written = 0
    with zipfile.ZipFile(path) as archive:
        for info, name in members:
            target = folder.joinpath(*name.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            size = 0
            try:
                with archive.open(info) as source, target.open("xb") as sink:
                    while piece := source.read(_PIECE):
                        size += len(piece)
                        _check_size(path, written + size)
                        sink.write(piece)
            except FileExistsError as error:
                raise ValueError(f"{path}: the member {name} is in the archive twice.") from error
            except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError) as error:
                raise ValueError(
                    f"{path}: the member {name} cannot be unpacked ({error})."
                ) from error
            written += size
            files.append(target)
    return files


def _names(infos: list[zipfile.ZipInfo]) -> list[str]:
    """Decode the names: without the flag of UTF-8 they were read as cp437, and are often GBK."""
    raw = [
        b"" if info.flag_bits & 0x800 else info.orig_filename.encode("cp437", "replace")
        for info in infos
    ]
    found = decide(name for name in raw if name)
    return [
        info.orig_filename if info.flag_bits & 0x800 else name.decode(found.codec, "replace")
        for info, name in zip(infos, raw, strict=True)
    ]


def _safe(path: Path, info: zipfile.ZipInfo, name: str) -> PurePosixPath:
    """Return the member's place in the folder, or refuse the archive."""
    plain = PurePosixPath(name.replace("\\", "/"))
    outside = (
        plain.is_absolute() or ".." in plain.parts or ":" in name or "\0" in name or not plain.parts
    )
    if outside:
        raise ValueError(
            f"{path}: the member {name!r} would be unpacked outside its folder (zip slip); "
            "the archive is not read. Ask its sender for a clean one."
        )
    kind = info.external_attr >> 16
    if kind and stat.S_IFMT(kind) not in (0, stat.S_IFREG):
        what = "a symbolic link" if stat.S_ISLNK(kind) else "no regular file"
        raise ValueError(
            f"{path}: the member {name!r} is {what}; the archive is not read. Pack the file itself."
        )
    if plain.suffix.lower() in _ARCHIVES:
        raise ValueError(
            f"{path}: the member {name!r} is an archive inside the archive, which is not opened; "
            "unpack the outer one and read the inner one by itself."
        )
    if info.flag_bits & 0x1:
        raise ValueError(
            f"{path}: the member {name!r} is protected by a password; unpack it first."
        )
    return plain


def _check_size(path: Path, total: int) -> None:
    if total > MAX_UNPACKED_BYTES:
        raise ValueError(
            f"{path}: unpacked it takes more than {MAX_UNPACKED_BYTES:,} bytes, the limit for a "
            "zipped layer; unpack it yourself and read the layer from its folder."
        )


def _bomb(path: Path, name: str, size: int, packed: int) -> ValueError:
    return ValueError(
        f"{path}: the member {name!r} of {packed:,} bytes unpacks to {size:,}, more than "
        f"{MAX_RATIO} times as much, as a zip bomb does; the archive is not read. If it is what it "
        "should be, unpack it yourself and read the layer from its folder."
    )
