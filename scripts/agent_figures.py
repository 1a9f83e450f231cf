#!/usr/bin/env python3
"""usage: agent_figures.py SET.jsonl ROUTED.jsonl

SET has {"id", "label"} a line, ROUTED what `quintet route --input SET.jsonl` wrote. Prints accuracy, accuracy where the probability
is 0.7 or more, and the expected calibration error over ten bins of equal width."""

import json
import sys
from pathlib import Path


def lines(path: str) -> list[dict]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


labels = {line["id"]: line["label"] for line in lines(sys.argv[1])}
answers = [(line["agent_confidence"], line["agent"] == labels[line["id"]]) for line in lines(sys.argv[2])]
sure = [right for confidence, right in answers if confidence >= 0.7]
print(f"{len(answers)} messages, accuracy {sum(right for _, right in answers) / len(answers):.3f}")
print(f"probability >= 0.7: {len(sure)} messages, accuracy {sum(sure) / max(1, len(sure)):.3f}")
error = 0.0
for index in range(10):
    bin = [(confidence, right) for confidence, right in answers if min(9, int(confidence * 10)) == index]
    if bin:
        claimed = sum(confidence for confidence, _ in bin) / len(bin)
        found = sum(right for _, right in bin) / len(bin)
        error += abs(claimed - found) * len(bin) / len(answers)
        print(f"  {index / 10:.1f} to {index / 10 + 0.1:.1f}: {len(bin):3} messages, claimed {claimed:.2f}, right {found:.2f}")
print(f"calibration error {error:.3f}")
