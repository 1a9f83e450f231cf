"""Cache keys as docs/cache-key.md defines them, written from that page alone and with Python's own libraries."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import struct
import unicodedata
from typing import Any

LEFT_OUT = {
    "model", "stream", "stream_options", "user", "safety_identifier", "metadata", "store", "cache", "prompt_cache_key",
    "prompt_cache_retention",
}  # fmt: skip
POLICY = {"on_cut", "deadline_seconds", "timeouts"}


class Number(str):
    """A number as it was written."""


class Members(list[tuple[str, Any]]):
    """An object's members in order, also those of one name."""


def frame(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def key_text(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def value_text(text: str) -> bytes:
    text = text.replace("\r\n", "\n")
    is_text = not any("\ud800" <= character <= "\udfff" for character in text)
    return key_text(unicodedata.normalize("NFC", text) if is_text and not has_too_many_marks(text) else text)


def has_too_many_marks(text: str) -> bool:
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) or character in "\u0f73\u0f75\u0f81" else 0
        if marks > 30:
            return True
    return False


def number(text: str) -> bytes:
    match = re.fullmatch(r"(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?)(\d+))?", text)
    assert match
    sign, whole, decimals, exponent_sign, exponent = (part or "" for part in match.groups())
    digits = (whole + decimals).lstrip("0")
    if not digits:
        return b"0"
    if len(exponent.lstrip("0")) > 9:
        return text.encode()
    significant = digits.rstrip("0")
    power = int(exponent_sign + (exponent or "0")) - len(decimals) + len(digits) - len(significant)
    return f"{sign}{significant}e{power}".encode()


def canonical(value: Any) -> bytes:
    match value:
        case None:
            return b"z"
        case True:
            return b"t"
        case False:
            return b"f"
        case Number():
            return b"n" + frame(number(value))
        case str():
            return b"s" + frame(value_text(value))
        case Members():
            members = sorted(((key_text(name), member) for name, member in value), key=lambda member: member[0])
            return b"{" + b"".join(b"s" + frame(name) + canonical(member) for name, member in members) + b"}"
        case list():
            return b"[" + b"".join(map(canonical, value)) + b"]"
    raise TypeError(value)


def canonical_request(body: str) -> bytes:
    request = json.loads(body, object_pairs_hook=Members, parse_int=Number, parse_float=Number)
    kept = Members()
    for name, value in request:
        if name in LEFT_OUT or value is None:
            continue
        if name == "quintet" and isinstance(value, Members):
            value = Members(member for member in value if member[0] not in POLICY)
            if not value:
                continue
        kept.append((name, value))
    return canonical(kept)


def prompt_version(prompt: str, temperature: float | None, max_tokens: int | None) -> str:
    bits = "" if temperature is None else struct.pack(">d", temperature + 0.0).hex()
    limit = "" if max_tokens is None else str(max_tokens)
    fields = ["quintet prompt 1", prompt, bits, limit]
    return hashlib.sha256(b"".join(frame(field.encode()) for field in fields)).hexdigest()[:16]


def derive(master: bytes, purpose: str, tenant: str, salt: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869) of 32 bytes, which take one round of its second step."""
    extracted = hmac.digest(salt or bytes(32), master, "sha256")
    return hmac.digest(extracted, frame(purpose.encode()) + frame(tenant.encode()) + b"\x01", "sha256")


def pseudonym(master: bytes, tenant: str) -> str:
    return derive(master, "quintet cache pseudonym 1", tenant, b"")[:8].hex()


def secret_id(master: bytes, tenant: str, salt: bytes) -> int:
    return int.from_bytes(derive(master, "quintet cache secret id 1", tenant, salt)[:4], "big")


def sealing_key(master: bytes, tenant: str, salt: bytes) -> bytes:
    return derive(master, "quintet cache sealing 1", tenant, salt)


def cache_key(vector: dict[str, Any]) -> str:
    master, salt, tenant = bytes.fromhex(vector["master"]), bytes.fromhex(vector["salt"]), vector["tenant"]
    voices = sorted(
        {
            (voice["agent"].encode(), prompt_version(voice["prompt"], voice["temperature"], voice["max_tokens"]).encode())
            for voice in vector["voices"]
        }
    )
    fields = [
        "quintet cache key 1", tenant, vector["sharing"], vector["shared_with"], vector["namespace"],
        vector["route"], vector["target"], vector["target_version"], str(len(voices)),
    ]  # fmt: skip
    text = b"".join(frame(field.encode()) for field in fields)
    text += b"".join(frame(agent) + frame(version) for agent, version in voices)
    text += frame(canonical_request(vector["request"]))
    code = hmac.digest(derive(master, "quintet cache naming 1", tenant, salt), text, "sha256").hex()
    return f"v1:{pseudonym(master, tenant)}:{code}"
