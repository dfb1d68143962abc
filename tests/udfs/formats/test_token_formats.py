"""Files of token sequences: their bytes by the published layouts, round trips, and what the readers refuse."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from udfs.formats import FORMATS, FormatError, dtype_of, reader, writer
from udfs.formats.mds import MdsWriter, index
from udfs.formats.mds_reader import MdsReader
from udfs.formats.megatron import MegatronReader
from udfs.formats.npy import NpyAppender

STEM = "shard-00000-of-00001"
DOCUMENTS = ([7, 8, 0], [0], [9, 9, 9, 9, 0])


def put(kind: str, folder: Path, sequences, dtype: str = "uint16", length: int | None = None) -> Path:
    """Write sequences, each one piece but for the last two tokens of the first."""
    out = writer(kind, folder / STEM, dtype=dtype, length=length)
    for tokens in sequences:
        out.write(np.array(tokens, dtype=dtype), np.array([len(tokens)]))
    out.close()
    return folder / STEM


# Bytes


def test_megatron_bytes(tmp_path: Path) -> None:
    """Header, lengths, places and bounds lie in the index as written by hand; the ids lie in the other file and nothing else."""
    stem = put("megatron", tmp_path, DOCUMENTS)
    expected = b"MMIDIDX\0\0" + (1).to_bytes(8, "little") + b"\x08" + (3).to_bytes(8, "little") + (4).to_bytes(8, "little")
    assert len(expected) == 34
    expected += struct.pack("<3i", 3, 1, 5) + struct.pack("<3q", 0, 6, 8) + struct.pack("<4q", 0, 1, 2, 3)
    assert (tmp_path / f"{STEM}.idx").read_bytes() == expected
    assert (tmp_path / f"{STEM}.bin").read_bytes() == struct.pack("<9H", 7, 8, 0, 0, 9, 9, 9, 9, 0)
    assert MegatronReader(stem).documents.tolist() == [0, 1, 2, 3]


def test_megatron_bytes_of_large_vocabularies(tmp_path: Path) -> None:
    """Ids of 32 bits have code 4 and places that count four bytes a token."""
    put("megatron", tmp_path, DOCUMENTS, dtype="int32")
    data = (tmp_path / f"{STEM}.idx").read_bytes()
    assert data[17] == 4
    assert struct.unpack_from("<3q", data, 46) == (0, 12, 16)


def test_mds_bytes(tmp_path: Path) -> None:
    """Count, places, columns and samples lie in the decompressed file as written by hand, and the index describes it."""
    out = MdsWriter(tmp_path / STEM, "uint16")
    out.write(np.array([7, 8, 0], dtype=np.uint16), np.array([2, 3]))
    out.write(np.full(300, 5, dtype=np.uint16), np.array([300]))
    files = out.close()
    assert [path.name for path in files] == [f"{STEM}.00000.mds.zstd"]
    config = (
        b'{"column_encodings": ["ndarray:uint32", "ndarray:uint16"], "column_names": ["ends", "tokens"], "column_sizes": '
        b'[null, null], "compression": "zstd", "format": "mds", "hashes": [], "size_limit": 67108864, "version": 2}'
    )
    first = struct.pack("<II", 10, 8) + b"\x04\x02" + struct.pack("<2I", 2, 3) + b"\x04\x03" + struct.pack("<3H", 7, 8, 0)
    second = struct.pack("<II", 6, 603) + b"\x04\x01" + struct.pack("<I", 300) + b"\x05\x2c\x01" + struct.pack("<H", 5) * 300
    begin = 4 + 4 * 3 + len(config)
    places = struct.pack("<3I", begin, begin + len(first), begin + len(first) + len(second))
    raw = zstandard.ZstdDecompressor().decompress(files[0].read_bytes())
    assert raw == struct.pack("<I", 2) + places + config + first + second
    (shard,) = json.loads(index(files, "uint16"))["shards"]
    assert shard["samples"] == 2
    assert shard["raw_data"] == {"basename": f"{STEM}.00000.mds", "bytes": len(raw), "hashes": {}}
    assert shard["zip_data"] == {"basename": files[0].name, "bytes": files[0].stat().st_size, "hashes": {}}
    assert {key: shard[key] for key in json.loads(config)} == json.loads(config)


@pytest.mark.parametrize("rows", [0, 1, 99_999])
@pytest.mark.parametrize(("dtype", "row"), [("uint16", ()), ("int32", (3,)), ("int64", (4,))])
def test_npy_bytes(tmp_path: Path, rows: int, dtype: str, row: tuple[int, ...]) -> None:
    """An array that was appended to has the bytes of one saved at once, and can be mapped."""
    array = np.arange(rows * int(np.prod(row)), dtype=dtype).reshape(rows, *row)
    out = NpyAppender(tmp_path / "a.npy", dtype, row)
    for part in np.array_split(array, 3):
        out.append(part)
    np.save(tmp_path / "b.npy", array)
    assert out.close().read_bytes() == (tmp_path / "b.npy").read_bytes()
    if rows:
        assert np.array_equal(np.lib.format.open_memmap(tmp_path / "a.npy", mode="r"), array)
    with pytest.raises(ValueError, match="rows have shape"):
        NpyAppender(tmp_path / "c.npy", dtype, row).append(np.zeros((1, 7)))


def test_flat_files(tmp_path: Path) -> None:
    """Documents lie one behind the other with their ends; sequences of one length are rows, and ends count over rows."""
    put("npy", tmp_path, DOCUMENTS)
    assert np.load(tmp_path / f"{STEM}.npy").tolist() == [7, 8, 0, 0, 9, 9, 9, 9, 0]
    assert np.load(tmp_path / f"{STEM}.ends.npy").tolist() == [3, 4, 9]
    out = writer("npy", tmp_path / "rows", dtype="int32", length=4)
    out.write(np.array([3, 4, 0, 0]), np.array([3]))
    out.write(np.array([1, 0, 2, 0]), np.array([2, 4]))
    out.close()
    assert np.load(tmp_path / "rows.npy").tolist() == [[3, 4, 0, 0], [1, 0, 2, 0]]
    assert np.load(tmp_path / "rows.ends.npy").tolist() == [3, 6, 8]


@pytest.mark.parametrize(("vocabulary", "dtype"), [(1, "uint16"), (65_499, "uint16"), (65_500, "int32"), (128_256, "int32")])
def test_types_of_ids(vocabulary: int, dtype: str) -> None:
    """Small vocabularies take two bytes an id, by Megatron's own limit."""
    assert dtype_of(vocabulary) == dtype


# Round trips


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 65_535), min_size=1, max_size=300), max_size=12),
    st.sampled_from(FORMATS),
    st.sampled_from(["uint16", "int32"]),
)
def test_what_is_written_is_read(tmp_path: Path, sequences: list[list[int]], kind: str, dtype: str) -> None:
    """Any sequences come back in order and type, one by one, and the same sequences give the same bytes."""
    for old in tmp_path.iterdir():
        old.unlink()
    stem = put(kind, tmp_path, sequences, dtype)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    found = reader(kind, stem)
    assert [found[i].tolist() for i in range(len(found))] == sequences
    assert all(found[i].dtype == dtype for i in range(len(found)))
    for wrong in (-1, len(sequences)):
        with pytest.raises(IndexError):
            found[wrong]
    put(kind, tmp_path, sequences, dtype)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_mds_in_several_files(tmp_path: Path) -> None:
    """Files stay below the limit unless one sample alone is larger, and the reader goes from one to the next."""
    sequences = [[i] * length for i, length in enumerate([50, 400, 60, 70, 3000, 5] * 4)]
    out = MdsWriter(tmp_path / STEM, "uint16", size_limit=2_000)
    for tokens in sequences:
        out.write(np.array(tokens, dtype=np.uint16), np.array([len(tokens)]))
    files = out.close()
    shards = json.loads(index(files, "uint16"))["shards"]
    assert len(shards) > 8
    assert all(shard["raw_data"]["bytes"] <= 2_000 or shard["samples"] == 1 for shard in shards)
    assert sum(shard["samples"] for shard in shards) == len(sequences)
    found = MdsReader(tmp_path / STEM)
    assert [found[i].tolist() for i in range(len(found))] == sequences
    assert [found.ends(i).tolist() for i in (23, 0)] == [[5], [50]]
    files[3].unlink()
    with pytest.raises(FormatError, match=r"00003\.mds\.zstd is missing"):
        MdsReader(tmp_path / STEM)


def test_mds_files_are_as_full_as_they_may_be(tmp_path: Path) -> None:
    """Equal samples fill each file to the last that fits, its part of the table of places counted."""
    out = MdsWriter(tmp_path / STEM, "uint16", size_limit=2_000)
    for _ in range(200):
        out.write(np.full(5, 7, dtype=np.uint16), np.array([5]))
    sample = 4 + (8 + 6 + 12)
    *full, _ = json.loads(index(out.close(), "uint16"))["shards"]
    assert len(full) > 1
    assert all(2_000 - sample < shard["raw_data"]["bytes"] <= 2_000 for shard in full)


def test_stems_with_signs_of_patterns(tmp_path: Path) -> None:
    """A name with brackets and dots is taken as it is."""
    stem = tmp_path / "a[1].b"
    for kind in FORMATS:
        out = writer(kind, stem, dtype="uint16")
        out.write(np.array([1, 2]), np.array([2]))
        assert all(path.name.startswith("a[1].b.") for path in out.close())
        assert reader(kind, stem)[0].tolist() == [1, 2]


# What is refused


def test_unknown_formats(tmp_path: Path) -> None:
    """A name that is none is told with those there are."""
    for make in (lambda: writer("tar", tmp_path / "a", dtype="uint16"), lambda: reader("tar", tmp_path / "a")):
        with pytest.raises(FormatError, match="'tar' of token sequences; there are megatron, mds, npy"):
            make()


@pytest.mark.parametrize("kind", FORMATS)
def test_empty_sequences(tmp_path: Path, kind: str) -> None:
    """A sequence without a token breaks samplers and is never written."""
    with pytest.raises(FormatError):
        writer(kind, tmp_path / STEM, dtype="uint16").write(np.array([], dtype=np.uint16), np.array([], dtype=np.int64))


def test_flat_arrays_need_ends_that_tell_sequences_apart(tmp_path: Path) -> None:
    """Rows of another length, and two pieces in a sequence of no set length, cannot be told apart afterwards."""
    with pytest.raises(FormatError, match="rows of 4"):
        writer("npy", tmp_path / STEM, dtype="uint16", length=4).write(np.array([1, 2, 3]), np.array([3]))
    with pytest.raises(FormatError, match="whole documents"):
        writer("npy", tmp_path / STEM, dtype="uint16").write(np.array([1, 2, 3]), np.array([1, 3]))


def damaged(path: Path, at: int, value: bytes) -> None:
    data = bytearray(path.read_bytes())
    data[at : at + len(value)] = value
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (0, b"X", "is no Megatron index"),
        (9, b"\2", "version 2 and type 8"),
        (17, b"\x09", "version 1 and type 9"),
        (17, b"\x04", "do not cover the 18 bytes"),
        (18, b"\4", "does not fit 4 sequences"),
        (26, b"\3", "does not fit 3 sequences and 3 bounds"),
        (34, b"\4", "do not cover"),
        (54, b"\5", "do not cover"),
        (70, b"\1", "bounds do not go from 0 to its 3 sequences"),
        (94, b"\4", "bounds do not go from 0 to its 3 sequences"),
    ],
)
def test_damaged_megatron_index(tmp_path: Path, at: int, value: bytes, message: str) -> None:
    """Each field of the index that does not fit the others or the file of ids is found."""
    stem = put("megatron", tmp_path, DOCUMENTS)
    damaged(tmp_path / f"{STEM}.idx", at, value)
    with pytest.raises(FormatError, match=message):
        MegatronReader(stem)


def test_damaged_flat_files(tmp_path: Path) -> None:
    """Ends that do not fit the ids, and files that are no arrays, are found."""
    stem = put("npy", tmp_path, DOCUMENTS)
    for ends in ([3, 4, 8], [3, 4, 10], [3, 3, 9], [4, 3, 9]):
        np.save(tmp_path / f"{STEM}.ends.npy", np.array(ends))
        with pytest.raises(FormatError, match="does not fit"):
            reader("npy", stem)
    (tmp_path / f"{STEM}.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(FormatError, match="is no array"):
        reader("npy", stem)


def test_damaged_mds_files(tmp_path: Path) -> None:
    """Cut, swapped and rewritten bytes in a compressed file are found when it is opened or read."""
    stem = put("mds", tmp_path, DOCUMENTS)
    path = tmp_path / f"{STEM}.00000.mds.zstd"
    good = path.read_bytes()
    raw = zstandard.ZstdDecompressor().decompress(good)
    begin = struct.unpack_from("<I", raw, 4)[0]
    for changed in (raw[:-1], raw + b"\0", raw.replace(b'"version": 2', b'"version": 3'), raw[:16] + b"{" + raw[17:]):
        path.write_bytes(zstandard.ZstdCompressor().compress(changed))
        with pytest.raises(FormatError, match=r"mds\.zstd"):
            MdsReader(stem)[0]
    for at, value in ((begin, 1), (begin + 4, 1), (begin + 8, 9), (begin + 9, 2)):
        path.write_bytes(zstandard.ZstdCompressor().compress(raw[:at] + bytes([value]) + raw[at + 1 :]))
        with pytest.raises(FormatError, match=r"sample 0|one axis|values of"):
            MdsReader(stem)[0]
    for data in (b"", b"no zstd at all, but some text", good[:20]):
        path.write_bytes(data)
        with pytest.raises(FormatError, match=r"mds\.zstd"):
            MdsReader(stem)[0]
