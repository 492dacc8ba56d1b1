"""The only reader of the environment.

Every field is a setting: ``REWARD_<NAME>`` in the environment (``REDIS_URL`` alone has no prefix), most
of them flags of the command line too. Units are in the names.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from reward_server.errors import ConfigurationError
from reward_server.types import Lane

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Settings(BaseSettings):
    """How this process is to behave. The text under each field is its documentation."""

    model_config = SettingsConfigDict(env_prefix="REWARD_", frozen=True, extra="ignore", use_attribute_docstrings=True)

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(8000, ge=0, le=65535)
    """Port to listen on; 0 takes a free one and prints it."""
    api_key: SecretStr | None = None
    """When set, every request must carry it as a bearer token."""
    allow_unauthenticated: bool = False
    """Listen on an address that others can reach although no API key is set."""

    redis_url: str | None = Field(None, validation_alias=AliasChoices("redis_url", "REDIS_URL"))
    """Redis or Valkey 7+ that carries the queue; without it ``serve`` starts a Valkey of its own."""
    cache_url: str | None = None
    """Another server for the verdict cache; the queue's own otherwise."""
    data_dir: Path | None = None
    """Where the embedded Valkey keeps its data; everything is temporary without it."""

    max_body_bytes: int = Field(64 * 2**20, ge=1024)
    """Largest request body."""
    max_items: int = Field(16_384, ge=1)
    """Most items in a request."""
    max_completions_per_item: int = Field(1_024, ge=1)
    """Most completions of one item."""
    max_completion_chars: int = Field(1_000_000, ge=1)
    """Longest completion, in characters."""
    max_json_depth: int = Field(64, ge=4)
    """Deepest nesting of a reference or of params."""
    max_bytes_in_flight: int = Field(512 * 2**20, ge=1024)
    """Bodies that one API process holds at a time; more is answered 429."""

    default_deadline_s: float = Field(60.0, gt=0)
    """Deadline of a request that names none."""
    max_deadline_s: float = Field(3_600.0, gt=0)
    """Longest deadline of ``/v1/rewards``."""
    batch_deadline_s: float = Field(86_400.0, gt=0)
    """Deadline of a durable batch that names none, and the longest."""
    batch_ttl_s: int = Field(86_400, ge=1)
    """How long the answers of a finished batch are kept."""
    no_worker_grace_s: float = Field(10.0, ge=0)
    """How long a request waits for a first worker of its lane before it is answered ``no_worker``."""

    queue_max_completions: int = Field(200_000, ge=1)
    """Completions that each lane's queue holds."""
    queue_max_bytes: int = Field(1024 * 2**20, ge=1024)
    """Bytes that each lane's queue holds."""
    claim_s: float = Field(30.0, gt=0.2)
    """A worker that has not renewed its claim for this long has lost its chunk to another."""
    chunk_s: float = Field(0.1, gt=0)
    """Estimated work in a chunk."""
    shards: int = Field(1, ge=1, le=1)
    """Queues of a lane; one until somebody needs more."""

    cache_enabled: bool = True
    """Keep verdicts, and look them up before verifying."""
    cache_ttl_s: int = Field(7 * 86_400, ge=1)
    """How long a verdict is kept."""
    cache_min_cost_s: float = Field(50e-6, ge=0)
    """Verifiers cheaper than this are not cached: a look-up would cost more than the verdict."""

    workers: int = Field(1, ge=0)
    """Workers that ``serve`` starts for each lane."""
    slots: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    """Children of a worker: completions verified at once."""
    lanes: tuple[Lane, ...] | None = None
    """Lanes that are worked here: ``serve`` starts workers for them, and an API that knows them answers others at once.

    Without it ``serve`` works ``cpu``, and ``sandbox`` where this machine has sandboxes.
    """

    sandbox_driver: str = Field("auto", pattern="^(auto|docker|namespaces|none)$")
    """What makes sandboxes: ``docker``; ``namespaces``, for development; ``auto`` takes the first that works."""
    sandbox_runtime: str = "runc"
    """OCI runtime of the ``docker`` driver, for example ``runsc``."""
    sandbox_policy: str = Field("warm", pattern="^(warm|single_use)$")
    """``warm`` uses a sandbox again for the next occupant, ``single_use`` never."""
    sandbox_image_tag: str = "latest"
    """Tag of the images of the ``docker`` driver."""
    sandbox_largest_mb: int = Field(4096, ge=256)
    """Memory of the largest size class."""
    sandbox_self_test: bool = True
    """Attack the sandboxes when a worker starts, and refuse to work if anything gets through."""
    child_max_growth_mb: int = Field(512, ge=16)
    """A child that has grown by more is replaced between two chunks."""
    drain_s: float = Field(10.0, ge=0)
    """How long a stopping worker finishes what it runs before it hands the rest back."""

    registry: str = "reward_server.verifiers.defaults:default_registry"
    """Function, as ``module:name``, that makes the registry of verifiers."""

    files_dir: Path | None = None
    """Files that references name by their content alone (databases of `sql`), each called by its SHA-256 in hex."""

    think_open: str = "<think>"
    """Tag that opens a model's thinking."""
    think_close: str = "</think>"
    """Tag that closes it; everything up to the last one is removed before any verifier."""

    log_format: str = Field("console", pattern="^(console|json)$")
    """``console`` for people, ``json`` for machines."""
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")
    """Least severe message that is logged."""
    otlp_endpoint: str | None = None
    """Where traces go (OTLP over HTTP); needs the ``otel`` extra."""

    @model_validator(mode="after")
    def _refuse_an_open_door(self) -> Settings:
        if self.host not in LOOPBACK and self.api_key is None and not self.allow_unauthenticated:
            raise ValueError(
                f"refusing to listen on {self.host} without an API key: set REWARD_API_KEY, "
                "or REWARD_ALLOW_UNAUTHENTICATED=true if anyone who can reach it may use it"
            )
        if self.api_key is not None and not self.api_key.get_secret_value().strip():
            raise ValueError("REWARD_API_KEY is set but empty")
        return self


def read_settings(**overrides: object) -> Settings:
    """Settings from the environment, with overrides that are not None; raises ``ConfigurationError``."""
    from pydantic import ValidationError

    try:
        return Settings(**{key: value for key, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{where}: {first['msg']}" if where else first["msg"]) from None
