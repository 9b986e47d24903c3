"""What dtype=auto does on processors that this one is not: oneDNN is told to keep to less than there is.

ONEDNN_MAX_CPU_ISA can take instructions away and add none: where a processor lacks some, the case is the processor's
own best, which is what such a process would have. oneDNN reads it at its first product, which a forked process has not
come to before it has its variables: ONEDNN_VERBOSE=1 names the same instructions in both kinds of process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.tiny import saved

SCRIPT = """
import json, sys, torch
from core.models import precision
from tests.tiny import chat_trainer

cpu = torch.device("cpu")
trainer = chat_trainer(sys.argv[1], {"algorithm": "ppo"}, dtype="auto", steps=1)
[trace] = trainer.steps()
a, b = (torch.randn(size, generator=torch.Generator().manual_seed(0)) for size in ((150, 576), (576, 1536)))
with precision.exact(cpu):
    expected = a @ b
with precision.matmuls("bfloat16", cpu):
    off = float((a @ b - expected).abs().max() / expected.abs().max())
first = [x for x, number in zip(*(trace.tokens[name].to_pylist() for name in ("ratio", "pass"))) if number == 0]
seen = {"rounds": trainer.rounds, "note": str(trainer.note), "off": off, "drift": trainer._drift.last}
print(json.dumps(seen | {"ratios": sorted(set(first))}))
"""


@pytest.mark.parametrize("isa", ["AVX2", "AVX512_CORE", "AVX512_CORE_BF16", "AVX512_CORE_AMX"])
@pytest.mark.usefixtures("warm_python")
def test_what_is_said_of_the_arithmetic_is_what_is_done(isa: str, tmp_path) -> None:
    model = saved(tmp_path)
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": isa, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, model], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["rounds"] is (seen["off"] > 1e-4)
    assert ("round their inputs to bfloat16" in seen["note"]) is seen["rounds"]
    assert ("this processor does not" in seen["note"]) is not seen["rounds"]
    assert seen["drift"] < (0.2 if seen["rounds"] else 1e-4)
    assert seen["ratios"] == [1.0]
    if isa in ("AVX2", "AVX512_CORE"):  # none of these has bfloat16
        assert not seen["rounds"]
