"""A model's thinking is removed once, before any verifier sees the completion."""

from __future__ import annotations


def split_thinking(text: str, mode: str, opens: str, closes: str) -> tuple[str, str | None]:
    """The thinking, up to and with the last closing tag, and the text after it.

    The second is None where thinking was opened and never closed. ``mode`` is ``auto``; ``prefilled`` where the
    chat template opens the thinking in the prompt, so that text without a closing tag is all thinking; or
    ``none``, which leaves the text alone.

    >>> split_thinking("<think>hm</think>42", "auto", "<think>", "</think>")
    ('<think>hm</think>', '42')
    """
    # Most text has no tag at all; looking for one character is far cheaper than looking for a tag.
    if mode == "none" or (mode == "auto" and opens[0] not in text and closes[0] not in text):
        return "", text
    end = text.rfind(closes)
    if end < 0 and mode == "prefilled":
        return text, None
    start = 0 if end < 0 else end + len(closes)
    rest = text[start:]
    return (text, None) if opens in rest else (text[:start], rest)
