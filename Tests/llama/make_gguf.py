"""Write a tiny random-weight llama model as GGUF.

The model is nonsense but well formed: a SentencePiece vocabulary with byte
tokens, two transformer layers and a chat template, about 1 MB in all. Nothing is
downloaded, and one seed gives the same file every time.

    python make_gguf.py tiny.gguf
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np
from gguf import GGUFWriter, TokenType

ARCHITECTURE = "llama"
CONTEXT = 8192
EMBEDDING = 64
FEED_FORWARD = 128
LAYERS = 2
HEADS = 4
KV_HEADS = 2
HEAD_SIZE = EMBEDDING // HEADS
SPACE = "\u2581"  # SentencePiece writes a space as this

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


def vocabulary() -> tuple[list[str], list[float], list[int]]:
    """Tokens, scores and types: specials, the 256 bytes, characters, made-up words."""
    tokens: list[str] = ["<unk>", "<s>", "</s>"]
    types: list[int] = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL]
    tokens += [f"<0x{byte:02X}>" for byte in range(256)]
    types += [TokenType.BYTE] * 256

    pieces = [SPACE] + [chr(code) for code in range(0x21, 0x7F)]
    syllables = [a + b for a, b in itertools.product("bdfgklmnprst", "aeiou")]
    pieces += syllables
    pieces += [SPACE + syllable for syllable in syllables]
    pieces += [SPACE + a + b for a, b in itertools.product(syllables[::3], syllables[::7])]
    tokens += pieces
    types += [TokenType.NORMAL] * len(pieces)

    # SentencePiece merges the pair with the best score first: earlier is better.
    scores = [0.0] * 259 + [-float(index) for index in range(len(pieces))]
    return tokens, scores, [int(kind) for kind in types]


def write(path: Path, seed: int = 7) -> None:
    random = np.random.default_rng(seed)
    tokens, scores, types = vocabulary()

    def matrix(rows: int, columns: int, scale: float) -> np.ndarray:
        return (random.standard_normal((rows, columns)) * scale).astype(np.float32)

    writer = GGUFWriter(str(path), ARCHITECTURE)
    writer.add_name("quintet-tiny")
    writer.add_vocab_size(len(tokens))
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(HEAD_SIZE)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)

    # Specials and bytes get a logit of zero while the pieces' logits spread widely, so
    # every answer is plain text and runs up to max_tokens instead of ending at random.
    output = matrix(len(tokens), EMBEDDING, 0.5)
    output[: types.index(int(TokenType.NORMAL))] = 0

    writer.add_tensor("token_embd.weight", matrix(len(tokens), EMBEDDING, 1.0))
    writer.add_tensor("output_norm.weight", np.ones(EMBEDDING, dtype=np.float32))
    writer.add_tensor("output.weight", output)
    inner = EMBEDDING**-0.5
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        writer.add_tensor(f"{block}.attn_norm.weight", np.ones(EMBEDDING, dtype=np.float32))
        writer.add_tensor(f"{block}.attn_q.weight", matrix(HEADS * HEAD_SIZE, EMBEDDING, inner))
        writer.add_tensor(f"{block}.attn_k.weight", matrix(KV_HEADS * HEAD_SIZE, EMBEDDING, inner))
        writer.add_tensor(f"{block}.attn_v.weight", matrix(KV_HEADS * HEAD_SIZE, EMBEDDING, inner))
        writer.add_tensor(f"{block}.attn_output.weight", matrix(EMBEDDING, HEADS * HEAD_SIZE, inner))
        writer.add_tensor(f"{block}.ffn_norm.weight", np.ones(EMBEDDING, dtype=np.float32))
        writer.add_tensor(f"{block}.ffn_gate.weight", matrix(FEED_FORWARD, EMBEDDING, inner))
        writer.add_tensor(f"{block}.ffn_up.weight", matrix(FEED_FORWARD, EMBEDDING, inner))
        writer.add_tensor(f"{block}.ffn_down.weight", matrix(EMBEDDING, FEED_FORWARD, FEED_FORWARD**-0.5))

    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="write a tiny random-weight GGUF")
    parser.add_argument("path", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    write(arguments.path, arguments.seed)


if __name__ == "__main__":
    main()
