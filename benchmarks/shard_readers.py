"""Our shards of token sequences, read by the packages they are for: Megatron Core, MosaicML Streaming and NumPy.

Those packages want other versions of what the pipeline runs on, so they live in an environment of their own, and this runs twice::

    python -m benchmarks.shard_readers write DIR               # in the pipeline's environment
    OTHER/bin/python -m benchmarks.shard_readers read DIR      # where torch, megatron-core and mosaicml-streaming are

Made with ``pip install torch==2.13.0 numpy==2.4.6 zstd==1.5.7.2 xxhash==4.1.0 catalogue==2.0.10 psutil tqdm pyyaml requests packaging
filelock`` and then ``pip install --no-deps megatron-core==0.16.1 mosaicml-streaming==0.13.0``. MosaicML Streaming imports the clients
of all cloud stores, torchvision and transformers; reading a folder needs none of them, so they are replaced by empty modules.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.abc
import importlib.machinery
import sys
import tempfile
import types
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXPECTED = "expected.npz"
NAME = "shard-00000-of-00001"
LENGTH = 256
STUBS = (
    *("torchvision", "boto3", "botocore", "google", "azure", "oci", "paramiko", "snappy", "brotli", "matplotlib"),
    *("databricks", "pyspark", "datasets", "huggingface_hub", "alipcs", "PIL", "transformers"),
)


def write(folder: Path, documents: int = 2_000) -> None:
    """Write made-up documents in every format, packed and one a sequence, and the sequences as they must be read."""
    from udfs.formats import FORMATS
    from udfs.formats.mds import MdsWriter
    from udfs.sequences import Packing, SequenceFiles

    random = np.random.default_rng(20)
    lengths = np.maximum(1, random.lognormal(5.0, 1.2, documents).astype(np.int64))
    for dtype, largest in (("uint16", 40_000), ("int32", 128_000)):
        made = [np.append(random.integers(1, largest, n - 1), 0).astype(np.int32) for n in lengths.tolist()]
        for kind in FORMATS:
            for packing in (None, Packing(LENGTH, 100_000, 1)):
                where = _folder(folder, f"{kind}-{dtype}-{'packed' if packing else 'documents'}")
                files = SequenceFiles(kind, where / NAME, dtype=dtype, end_of_text=0, packing=packing)
                for tokens in made:
                    files.add(tokens)
                _expect(where, kind, dtype, files.close())
    where = _folder(folder, "mds-int32-files")
    several = MdsWriter(where / NAME, "int32", size_limit=20_000)
    for tokens in made:
        several.write(tokens, np.array([len(tokens)]))
    _expect(where, "mds", "int32", several.close())


def _folder(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True, exist_ok=True)
    return folder / name


def _expect(where: Path, kind: str, dtype: str, written: Sequence[Path]) -> None:
    from udfs.formats import reader
    from udfs.formats.mds import INDEX, index

    if kind == "mds":
        (where / INDEX).write_text(index([path for path in written if path.suffix == ".zstd"], dtype))
    found = reader(kind, where / NAME)
    sequences = [found[i] for i in range(len(found))]
    np.savez(where / EXPECTED, ids=np.concatenate(sequences), lengths=np.array([len(one) for one in sequences]))


def read(folder: Path) -> int:
    """Read every folder with the package it is for, say what came of it, and return how many were not as expected."""
    warnings.simplefilter("ignore")
    wrong = 0
    for where in sorted(path.parent for path in folder.glob(f"*/{EXPECTED}")):
        expected = np.load(where / EXPECTED)
        wanted = np.split(expected["ids"], np.cumsum(expected["lengths"])[:-1])
        try:
            said, found = READERS[where.name.partition("-")[0]](where)
        except ImportError as error:
            print(f"{where.name}: not read, {error}")
            wrong += 1
            continue
        same = len(found) == len(wanted) and all(map(np.array_equal, found, wanted))
        wrong += not same
        print(f"{where.name}: {said}, {len(found)} sequences, {'equal' if same else 'NOT EQUAL'}")
    return wrong


def _megatron(where: Path) -> tuple[str, Sequence[NDArray[Any]]]:
    package = importlib.import_module("megatron.core")
    dataset = importlib.import_module("megatron.core.datasets.indexed_dataset").IndexedDataset(str(where / NAME))
    documents = dataset.document_indices
    assert documents[0] == 0
    assert documents[-1] == len(dataset)
    said = f"megatron-core {package.__version__} IndexedDataset, {dataset.index.dtype.__name__}, {len(documents) - 1} documents"
    return said, [np.array(dataset[i]) for i in range(len(dataset))]  # its own are views of a file that it closes


def _mds(where: Path) -> tuple[str, Sequence[NDArray[Any]]]:
    sys.meta_path.append(_Stubs())
    package = importlib.import_module("streaming")
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder) / "read"
        dataset = package.StreamingDataset(remote=str(where), local=str(local), shuffle=False, batch_size=1)
        samples = [dataset[i] for i in range(dataset.num_samples)]
        columns = {"ends": "ndarray:uint32", "tokens": f"ndarray:{samples[0]['tokens'].dtype}"}
        own = Path(folder) / "written"
        with package.MDSWriter(out=str(own), columns=columns, compression="zstd") as writer:
            for sample in samples:
                writer.write(sample)
        ours, theirs = (list(map(_raw, sorted(place.glob("*.zstd")))) for place in (where, own))
    assert all(0 < sample["ends"][-1] <= len(sample["tokens"]) for sample in samples)
    said = f"mosaicml-streaming {package.__version__} StreamingDataset, {len(dataset.shards)} shards"
    if len(ours) == 1:
        said += f", bytes {'' if ours == theirs else 'NOT '}those of its own writer"
    return said, [sample["tokens"] for sample in samples]


def _raw(path: Path) -> bytes:
    raw: bytes = importlib.import_module("zstd").decompress(path.read_bytes())
    return raw


def _npy(where: Path) -> tuple[str, Sequence[NDArray[Any]]]:
    ids, ends = np.load(where / f"{NAME}.npy", mmap_mode="r"), np.load(where / f"{NAME}.ends.npy", mmap_mode="r")
    rows = list(ids) if ids.ndim == 2 else np.split(ids, ends[:-1])
    return f"numpy {np.__version__} load, {ids.dtype} {ids.shape}", rows


READERS: dict[str, Callable[[Path], tuple[str, Sequence[NDArray[Any]]]]] = {"megatron": _megatron, "mds": _mds, "npy": _npy}


class _Anything(types.ModuleType):
    """A module in which every name is there."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__ = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Exception,), {})


class _Stubs(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds an empty module for what is not installed and not needed."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        del path, target
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if name.partition(".")[0] in STUBS else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Anything(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        del module


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("write", "read"))
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    if arguments.what == "read":
        return 1 if read(arguments.folder) else 0
    write(arguments.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
