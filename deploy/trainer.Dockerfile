# The trainer for a GPU box: CUDA, torch, TRL and vLLM beside the client. Build from the repository's root.
# vLLM brings the torch it was built with; TRL is pinned to the minor version whose hooks the trainer uses.
ARG BASE=nvidia/cuda:12.9.1-devel-ubuntu24.04
FROM ${BASE}
ENV DEBIAN_FRONTEND=noninteractive PIP_BREAK_SYSTEM_PACKAGES=1 PIP_NO_CACHE_DIR=1
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 python3-dev python3-pip python3-venv git build-essential \
 && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/trainer
ENV PATH=/opt/trainer/bin:$PATH
WORKDIR /app
# What changes rarely comes first, so that a change of the code installs nothing again.
COPY pyproject.toml README.md LICENSE ./
COPY reward_server/__init__.py reward_server/__init__.py
RUN mkdir -p trainer_client sandboxes && pip install '.[trainer,vllm]' bitsandbytes tensorboard deepspeed
COPY reward_server reward_server
COPY trainer_client trainer_client
COPY sandboxes sandboxes
RUN pip install --no-deps --force-reinstall .
# Give it the cache of the hub and a folder for runs:
#   docker run --gpus all --ipc host -v ~/.cache/huggingface:/root/.cache/huggingface -v "$PWD/runs:/app/runs" …
ENTRYPOINT ["reward-trainer"]
CMD ["--help"]
