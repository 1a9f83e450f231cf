"""The published vectors of cache keys, checked by an implementation that shares nothing with the gateway's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cache_key
import pytest

VECTORS = json.loads((Path(__file__).parents[1] / "Fixtures" / "cache-key-vectors.json").read_text())["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(vector: dict[str, Any]) -> None:
    master, salt, tenant = bytes.fromhex(vector["master"]), bytes.fromhex(vector["salt"]), vector["tenant"]
    assert cache_key.canonical_request(vector["request"]).hex() == vector["canonical"]
    assert [
        cache_key.prompt_version(voice["prompt"], voice["temperature"], voice["max_tokens"]) for voice in vector["voices"]
    ] == [voice["version"] for voice in vector["voices"]]
    assert cache_key.secret_id(master, tenant, salt) == vector["secret_id"]
    assert cache_key.sealing_key(master, tenant, salt).hex() == vector["sealing_key"]
    assert cache_key.cache_key(vector) == vector["key"]


def test_there_are_enough_and_they_differ_where_they_say() -> None:
    assert len(VECTORS) >= 12
    keys = {vector["name"]: vector["key"] for vector in VECTORS}
    for vector in VECTORS:
        if same := vector.get("same_as"):
            assert vector["key"] == keys[same]
    distinct = [vector["key"] for vector in VECTORS if "same_as" not in vector]
    assert len(set(distinct)) == len(distinct)
