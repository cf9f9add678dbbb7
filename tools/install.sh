#!/bin/sh
# Install the project with pip; on a machine without a GPU take PyTorch's CPU build, which spares gigabytes of CUDA.
#   sh tools/install.sh PIP ARGUMENTS...
set -eu
pip=$1
shift
index=""
if [ "$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null 2>&1; then
  range=$(sed -n 's/.*"\(torch>=[^"]*\)".*/\1/p' pyproject.toml)
  plan=$("$pip" install --quiet --dry-run --no-deps --ignore-installed --report - "$range" 2>/dev/null || true)
  case "$plan" in
    *'"version": "'*'+cpu"'*) ;; # what pip offers here is a CPU build already
    *) index="--extra-index-url https://download.pytorch.org/whl/cpu" ;;
  esac
fi
# shellcheck disable=SC2086
exec "$pip" install --quiet $index "$@"
