#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image: Python, bubblewrap, the kit.
set -euo pipefail
umask 022 # submissions run as other users, who have to read the interpreter
export DEBIAN_FRONTEND=noninteractive
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
venv="$(dirname "$here")/venv"
torch_index='' # where PyTorch is without CUDA, a tenth of the size; empty: where pip looks anyway

# Prints the name of a Python 3.11 to 3.13 that can make virtual environments.
find_python() {
  local version
  for version in 3.12 3.13 3.11; do
    if "python$version" -c 'import ensurepip' 2> /dev/null; then
      echo "python$version"
      return
    fi
  done
  for version in 3.12 3.13 3.11; do
    if apt-get install -y -qq --no-install-recommends "python$version-venv" >&2; then
      echo "python$version"
      return
    fi
  done
  echo "expected Python 3.11, 3.12 or 3.13 on this image or among its packages; got none" >&2
  return 1
}

apt-get update -qq
apt-get install -y -qq --no-install-recommends bubblewrap ||
  echo "no bubblewrap: submissions will run as users of their own"
python="$(find_python)"
"$python" -m venv "$venv"
if [ -n "$torch_index" ]; then
  "$venv/bin/python" -m pip install --no-cache-dir --index-url "$torch_index" torch torchvision
fi
"$venv/bin/python" -m pip install --no-cache-dir "${here}[grading]"
rm -rf "$here/build" "$here"/*.egg-info

# The lab's own solution earns every point here, or there is no image.
cd "$here"
"$venv/bin/python" -m autograder.gradescope --self-test
