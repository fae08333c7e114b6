"""Runs the README's lines that load an exported run, where its file is, and writes the logits that
they compute: python3 load_export.py torch|numpy LINES images.npy logits.npy

numpy puts NumPy in PyTorch's place (numpy_torch.py). A safetensors file is read by its format, so
that the lines run without the package.
"""

import json
import sys
import types

import numpy

witness, lines, images_file, logits_file = sys.argv[1:]
if witness == "numpy":
    import numpy_torch  # noqa: F401
import torch


def tensors(path):
    """https://huggingface.co/docs/safetensors: a header's length (u64), the header, the values."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        values = file.read()
    metadata, arrays = header.pop("__metadata__"), {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        assert entry["dtype"] == "F32", entry
        array = numpy.frombuffer(values[begin:end], "<f4").reshape(entry["shape"])
        arrays[name] = torch.from_numpy(array.copy())
    return metadata, arrays


class safe_open:
    def __init__(self, path, framework):
        assert framework == "pt"
        self._metadata, self._arrays = tensors(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def get_tensor(self, name):
        return self._arrays[name]

    def metadata(self):
        return self._metadata


package, part = types.ModuleType("safetensors"), types.ModuleType("safetensors.torch")
package.safe_open, package.torch = safe_open, part
part.load_file = lambda path: tensors(path)[1]
sys.modules.update({"safetensors": package, "safetensors.torch": part})

scope = {"images": torch.from_numpy(numpy.load(images_file))}
exec(lines, scope)
if "logits" in scope:
    numpy.save(logits_file, scope["logits"].numpy())
else:
    print(json.dumps([list(scope["weight"].shape), json.loads(scope["record"])["id"]]))
