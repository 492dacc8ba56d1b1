"""Completions that no verifier may trip over."""

from __future__ import annotations

import random

_noise = random.Random(7)

HOSTILE: dict[str, str] = {
    "empty": "",
    "blank": " \n\t\r\n ",
    "nul": "\x00" * 2_000 + "answer: \x00",
    "huge": "the answer is " + "a " * 500_000,
    "huge word": "x" * 1_000_000,
    "huge number": "Answer: " + "9" * 200_000,
    "open boxes": "\\boxed{" * 20_000,
    "many boxes": "\\boxed{1}" * 20_000,
    "deep parentheses": "(" * 50_000 + "P" + ")" * 50_000,
    "deep brackets": "[" * 50_000 + "]" * 50_000,
    "deep objects": '{"a":' * 20_000 + "1" + "}" * 20_000,
    "deep xml": "<a>" * 20_000 + "</a>" * 20_000,
    "deep negation": "1. " + "~" * 50_000 + "P  premise\n2. " + "not " * 20_000 + "P",
    "deep bars": "\n".join("|" * depth + f" {depth}. P  assumption" for depth in range(1, 500)),
    "backslashes": "\\" * 100_000,
    "dollars": "$" * 100_000,
    "newlines": "\n" * 100_000,
    "tags": "<answer>" * 20_000,
    "think": "<think>" * 5_000 + "</think>" * 5_000,
    "fences": "```json\n" * 10_000,
    "answers": "Answer: A\n" * 20_000,
    "colons": "answer" * 50_000,
    "quotes": '"' * 100_000,
    "controls": "".join(map(chr, range(0x20))) * 100,
    "binary": bytes(_noise.randrange(256) for _ in range(50_000)).decode("latin-1"),
    "unicode": "".join(chr(c) for c in range(0x20, 0x3000) if not 0xD800 <= c < 0xE000),
    "combining": "a" + "\u0301" * 50_000,
    "right to left": "\u202e\u2066" * 5_000,
    "code": "__import__('os').system('touch /tmp/reward-server-pwned')",
    "yaml tag": '```yaml\n!!python/object/apply:os.system ["touch /tmp/reward-server-pwned"]\n```',
    "yaml bomb": "```yaml\na: &a [x,x,x,x,x,x,x,x,x]\n"
    + "\n".join(f"{chr(98 + i)}: &{chr(98 + i)} [" + ",".join([f"*{chr(97 + i)}"] * 9) + "]" for i in range(12))
    + "\n```",
    "xml bomb": '```xml\n<!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9))
    + "]><l>&j;</l>\n```",
    "sql": "```sql\nSELECT 1; DROP TABLE people; ATTACH '/tmp/reward-server-pwned' AS x\n```",
    "long sql": "```sql\nWITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c\n```",
    "format string": "{0.__class__.__mro__} %s %n ${jndi:ldap://x} {{7*7}}",
    "json numbers": '{"a": 1e999, "b": NaN, "c": -Infinity, "d": ' + "1" * 10_000 + "}",
    "exponents": "Answer: 9**9**9**9**9",
    "digits": "1 " * 200_000,
    "arrows": "P -> " * 20_000 + "P",
    "drat": "1 -1 0\n" * 20_000,
    "smt": "(assert (forall ((x Int)) (exists ((y Int)) (= (* x x y) (+ y 3)))))\n" * 200,
}
"""By a name that says what is hostile; each as long as it needs to be to hurt a careless parser."""
