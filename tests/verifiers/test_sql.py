"""Queries are judged by what they return, on databases that they cannot change."""

from __future__ import annotations

import base64
import hashlib
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from reward_server.errors import LimitExceeded, Unavailable
from reward_server.types import Completion, Outcome, Verdict
from reward_server.verifiers.registry import Registry
from reward_server.verifiers.sql import Sql
from reward_server.verifiers.sql.database import Instance, build, run

REGISTRY = Registry()
REGISTRY.register(Sql())
SCHEMA = "CREATE TABLE t (name TEXT, n INTEGER, x REAL); CREATE TABLE u (name TEXT, v INTEGER);"
INSTANCES = [
    {"rows": {"t": [["a", 1, 0.5], ["b", 2, 1.5], ["b", 2, 1.5], ["c", None, -1]], "u": [["a", 7], ["c", 9]]}},
    {"rows": {"t": [["d", 5, 2.5]]}, "sql": "INSERT INTO u VALUES ('d', 1)"},
]


def judge(query: str, text: str, *, instances: Any = None, schema: str = SCHEMA, **params: Any) -> Verdict:
    reference = {"schema": schema, "query": query, "instances": INSTANCES if instances is None else instances}
    return REGISTRY.verify_once("sql", reference, params, Completion(text))


GOLD = "SELECT name, sum(n) FROM t GROUP BY name"


@pytest.mark.parametrize(
    ("query", "right"),
    [
        (GOLD, True),
        ("select name, SUM(n) from t group by 1 order by 2 desc", True),
        ("SELECT name, total(n) FROM t GROUP BY name", False),
        ("SELECT sum(n), name FROM t GROUP BY name", False),
        ("SELECT name, n FROM t", False),
        ("SELECT name FROM t", False),
        ("WITH a AS (SELECT * FROM t) SELECT name, sum(n) FROM a GROUP BY name;", True),
        ("SELECT 'a', 1 UNION ALL SELECT 'b', 4 UNION ALL SELECT 'c', NULL", False),
        ("SELECT nothing FROM nowhere", False),
    ],
)
def test_a_query_is_right_exactly_when_its_rows_are(query: str, right: bool) -> None:
    for text in (query, f"```sql\n{query}\n```", f"Answer: {query}"):
        assert judge(GOLD, text).outcome is (Outcome.CORRECT if right else Outcome.INCORRECT), text


def test_a_query_that_is_right_by_luck_on_one_instance_fails_another() -> None:
    verdict = judge("SELECT name FROM t WHERE n > 1", "SELECT name FROM t WHERE name = 'b'")
    assert verdict.reward == 0.0
    assert verdict.score == 0.5
    assert verdict.detail["instance"] == 1


def test_rows_are_a_multiset_and_their_order_counts_only_where_asked_for() -> None:
    assert judge("SELECT name FROM t", "SELECT DISTINCT name FROM t").reward == 0.0
    ordered = "SELECT name FROM t ORDER BY name"
    assert judge(ordered, "SELECT name FROM t ORDER BY name DESC").reward == 1.0
    assert judge(ordered, "SELECT name FROM t ORDER BY name DESC", ordered=True).reward == 0.0
    assert judge(ordered, "SELECT name FROM t ORDER BY 1", ordered=True).reward == 1.0


def test_numbers_compare_by_value_and_text_by_its_letters() -> None:
    assert judge("SELECT 1, 0.1 + 0.2", "SELECT 1.0, 0.3").reward == 1.0
    assert judge("SELECT 1", "SELECT '1'").reward == 0.0
    assert judge("SELECT 'a'", "SELECT 'A'").reward == 0.0
    assert judge("SELECT NULL, 1", "SELECT 0, 1").reward == 0.0


HOSTILE = [
    "DELETE FROM t", "UPDATE t SET n = 0", "INSERT INTO t VALUES ('x', 1, 1)", "DROP TABLE t", "CREATE TABLE z (a)",
    "ATTACH DATABASE '{0}' AS z", "PRAGMA writable_schema = 1", "PRAGMA table_info(t)", "VACUUM INTO '{0}'",
    "SELECT load_extension('{0}')", "SELECT writefile('{0}', 'x')", "SELECT readfile('/etc/passwd')", "BEGIN", "COMMIT",
    "SELECT 1; DROP TABLE t", "SELECT 1; ATTACH '{0}' AS z", "SELECT random()", "SELECT zeroblob(1000000000)",
    "SELECT * FROM pragma_database_list", "SELECT name FROM t RETURNING 1", "EXPLAIN SELECT 1", "REINDEX", "ANALYZE",
    "WITH x AS (SELECT 1) DELETE FROM t", "SELECT 1 /*", "SELECT edit('x', 'touch {0}')", "SAVEPOINT a", "DETACH main",
    "SELECT fts3_tokenizer('simple')", "CREATE TEMP TABLE z AS SELECT 1", "SELECT \x00 1",
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE)
def test_a_query_can_only_read(query: str, tmp_path: Path) -> None:
    marker = tmp_path / "pwned"
    for gold in (GOLD, "SELECT 1"):
        verdict = judge(gold, f"```sql\n{query.format(marker)}\n```")
        assert verdict.reward == 0.0, dict(verdict.detail)
    assert not marker.exists()
    assert judge(GOLD, GOLD).reward == 1.0


@pytest.mark.parametrize(
    "query",
    [
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 9999) SELECT count(*) FROM c a, c b, c d",
        "SELECT 1 --" + " x" * 30_000,
    ],
)
def test_a_query_without_end_is_over_the_limit(query: str) -> None:
    assert judge("SELECT 1", query, steps=2_000_000).outcome is Outcome.LIMIT_EXCEEDED


@pytest.mark.parametrize(
    "query",
    [
        "SELECT printf('%.*c', 100000000, 'x')",
        "SELECT replace(hex(zeroblob(1000)), '0', hex(zeroblob(9999999)))",
        "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
        "SELECT 1" + " UNION SELECT 1" * 600,
        "SELECT " + ",".join("1" * 3_000),
    ],
)
def test_values_and_statements_cannot_grow_without_bound(query: str) -> None:
    assert judge("SELECT 1", query).reward == 0.0


def test_a_database_file_is_taken_by_its_content_and_hash(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE t (n); INSERT INTO t VALUES (3)")
    connection.close()
    content = path.read_bytes()
    instance = {"file": base64.b64encode(content).decode(), "sha256": hashlib.sha256(content).hexdigest()}
    assert judge("SELECT n FROM t", "SELECT max(n) FROM t", instances=[instance], schema="").reward == 1.0
    assert judge("SELECT n FROM t", "DELETE FROM t", instances=[instance], schema="").reward == 0.0
    wrong = {**instance, "sha256": "0" * 64}
    assert judge("SELECT n FROM t", "SELECT 1", instances=[wrong], schema="").outcome is Outcome.INVALID_TASK
    broken = {"file": base64.b64encode(b"no database" * 100).decode()}
    assert judge("SELECT 1", "SELECT 1", instances=[broken], schema="").outcome is Outcome.INVALID_TASK


def test_a_database_that_the_server_keeps_is_named_by_its_hash_alone(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE t (n); INSERT INTO t VALUES (3)")
    connection.close()
    name = hashlib.sha256(path.read_bytes()).hexdigest()
    path.rename(tmp_path / name)
    registry = Registry()
    registry.register(Sql(tmp_path))

    def kept(sha256: str, query: str) -> Verdict:
        reference = {"query": "SELECT n FROM t", "instances": [{"sha256": sha256}]}
        return registry.verify_once("sql", reference, {}, Completion(query))

    assert kept(name, "SELECT max(n) FROM t").outcome is Outcome.CORRECT
    assert kept(name.upper(), "SELECT 4").outcome is Outcome.INCORRECT
    assert kept(name, "```sql\nINSERT INTO t VALUES (4)\n```").outcome is Outcome.INCORRECT
    assert sorted(one.name for one in tmp_path.iterdir()) == [name]
    assert kept("../" * 21 + "x", "SELECT 3").outcome is Outcome.INVALID_TASK
    (tmp_path / ("0" * 64)).write_bytes(b"another file")
    for sha256 in ("1" * 64, "0" * 64):
        with pytest.raises(Unavailable):
            kept(sha256, "SELECT 3")
    with pytest.raises(Unavailable):
        judge("SELECT n FROM t", "SELECT 3", instances=[{"sha256": name}])


BOMB = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 2000) SELECT printf('%.*c', 3900000, 'x')"


@pytest.mark.parametrize("query", [f"{BOMB} FROM c", f"{BOMB} || i AS q FROM c ORDER BY q"])
def test_a_result_or_a_sort_of_many_large_values_is_over_the_limit(query: str) -> None:
    with pytest.raises(LimitExceeded):
        connection = build("", Instance.model_validate({}))
        try:
            run(connection, query, steps=20_000_000)
        finally:
            connection.close()


@pytest.mark.parametrize(
    ("query", "schema", "instances"),
    [
        ("SELECT nothing", SCHEMA, INSTANCES),
        ("SELECT 1", "CREATE TABEL x", []),
        ("DELETE FROM t", SCHEMA, INSTANCES),
        ("SELECT name FROM t WHERE 0", SCHEMA, INSTANCES),
        ("SELECT 1", SCHEMA, [{"rows": {"nope": [[1]]}}]),
        ("SELECT 1", SCHEMA, [{"rows": {"u": [[1, 2, 3]]}}]),
        ("SELECT 1", "ATTACH '/tmp/x' AS y", []),
        ("SELECT 1", SCHEMA, [{"file": "!"}]),
        ("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c", SCHEMA, INSTANCES),
    ],
)
def test_a_reference_that_cannot_be_built_or_run_is_an_invalid_task(query: str, schema: str, instances: Any) -> None:
    assert judge(query, "SELECT 1", schema=schema, instances=instances, steps=2_000_000).outcome is Outcome.INVALID_TASK


def test_a_random_change_of_a_right_query_is_wrong_unless_its_rows_are_the_same() -> None:
    source = random.Random(1)
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA + "INSERT INTO t VALUES ('a',1,0.5),('b',2,1.5),('c',3,-1)")
    instance = [{"sql": "INSERT INTO t VALUES ('a',1,0.5),('b',2,1.5),('c',3,-1)"}]
    for _ in range(60):
        gold, other = (
            f"SELECT name FROM t WHERE n {source.choice(('<', '>', '=', '<='))} {source.randint(0, 3)}" for _ in "ab"
        )
        expected = sorted(connection.execute(gold).fetchall())
        if expected:
            right = expected == sorted(connection.execute(other).fetchall())
            assert (judge(gold, other, instances=instance).reward == 1.0) is right


def test_the_limit_is_named() -> None:
    verifier = Sql()
    reference, params = REGISTRY["sql"].parse({"query": "SELECT 1"}, {"steps": 100_000})
    task = verifier.prepare(reference, params, REGISTRY.context)
    with pytest.raises(LimitExceeded) as raised:
        query = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
        verifier.verify(task, Completion(query), REGISTRY.context)
    assert raised.value.limit == "time"
