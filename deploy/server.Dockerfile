# The server: API, workers and command line in one image. Build from the repository's root.
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE}
WORKDIR /app
# What changes rarely comes first, so that a change of the code installs nothing again.
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY reward_server/__init__.py reward_server/__init__.py
RUN mkdir -p trainer_client sandboxes && pip install --no-cache-dir -c constraints.txt '.[server,verifiers]'
COPY reward_server reward_server
COPY trainer_client trainer_client
COPY sandboxes sandboxes
RUN pip install --no-cache-dir --no-deps --force-reinstall . \
 && useradd --system --uid 10001 --home-dir /nonexistent reward
USER reward
ENTRYPOINT ["reward-server"]
CMD ["serve", "--host", "0.0.0.0"]
