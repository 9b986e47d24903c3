"""How much is computed at a time. They bound memory and change no result; core/models/fit/memory.py predicts from them.

Needs nothing that is slow to load.
"""

#: Logits that exist at a time while responses are scored (core/training/scoring.py): 16 million numbers, 64 MB.
LOGITS = 1 << 24
#: Tokens, prompts and responses, that are written at once for held-out questions (core/training/evaluation.py).
TOKENS = 8_192
#: Packed rows are at most so long, or one response long (packed.py): attention's cost grows with the square.
WIDEST = 1024
#: Rows up to this length are attended to plainly on a CPU (attention.py says why).
SHORT = 512
#: Llamas up to this width are computed with folded weights (lean.py): more would cost more than it saves.
NARROW = 256
