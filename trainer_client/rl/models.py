"""What every stage does with TRL's ``ModelConfig``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from accelerate import PartialState
from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer
from trl import get_peft_config, get_quantization_config

from trainer_client.errors import ConfigError


def merge_adapter(model: Any) -> None:
    """Where the model is a folder with a LoRA adapter alone, merge it into its base, once, and take that instead.

    TRL and vLLM load whole models only; a stage that comes after one with LoRA starts from what this writes.
    """
    adapter = Path(model.model_name_or_path or "")
    if not (adapter / "adapter_config.json").is_file() or (adapter / "config.json").exists():
        return
    merged = adapter / "merged"
    with PartialState().main_process_first():
        if not merged.exists():
            unfinished = adapter / "merged.part"
            whole = AutoPeftModelForCausalLM.from_pretrained(adapter, dtype=model.dtype or "auto").merge_and_unload()
            whole.save_pretrained(unfinished)
            AutoTokenizer.from_pretrained(adapter).save_pretrained(unfinished)
            unfinished.rename(merged)
    model.model_name_or_path = str(merged)


def load_tokenizer(model: Any) -> Any:
    """The tokenizer of the model, padded on the left. Raises ``ConfigError`` where there is none."""
    if not model.model_name_or_path:
        raise ConfigError("model_name_or_path is missing")
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            model.model_name_or_path, revision=model.model_revision, padding_side="left"
        )
    except (OSError, ValueError) as error:
        raise ConfigError(f"no model at {model.model_name_or_path!r}: {str(error).splitlines()[0]}") from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def init_kwargs(model: Any, given: dict[str, Any] | None) -> dict[str, Any]:
    """Keyword arguments of ``from_pretrained``: QLoRA's four bits, dtype, attention."""
    made = {
        "revision": model.model_revision,
        "attn_implementation": model.attn_implementation,
        "dtype": model.dtype,
    }
    quantized = get_quantization_config(model)
    if quantized is not None:
        made["quantization_config"] = quantized
    return {**{name: value for name, value in made.items() if value is not None}, **(given or {})}


def peft_config(model: Any) -> Any:
    """LoRA as ``ModelConfig`` says, or None. Raises ``ConfigError`` for what the fused head cannot train."""
    made = get_peft_config(model)
    targets = model.lora_target_modules or []
    if made is not None and "lm_head" in ([targets] if isinstance(targets, str) else targets):
        raise ConfigError("lora_target_modules may not name lm_head: TRL's fused head reads its weight directly")
    return made
