"""How much is computed at a time. They bound memory and change no result; core/models/fit/memory.py predicts from them.

Needs nothing that is slow to load.
"""

#: Logits that exist at a time while responses are scored (core/training/scoring.py): 16 million numbers, 64 MB.
LOGITS = 1 << 24
#: Tokens, prompts and responses, that are written at once for held-out questions (core/training/evaluation.py).
TOKENS = 8_192
#: Responses that are written at once for a fixed data set, and to see how it lies under the policy
#: (core/training/collecting.py, core/training/coverage.py).
GATHERED = 256
#: Continuations that are written at once by the small models that lean.py runs (core/training/continuations.py); others
#: write as many as make TOKENS tokens.
CONTINUATIONS = 8_192
#: Tokens, prompts included, of the states in which small models' continuations are: equal beginnings are one state, so
#: thousands of continuations by a policy that is nearly sure are a few hundred. Where a policy is not, fewer prefixes
#: are continued at once. What the bundled models keep of so many tokens takes 180 MB while it is made anew.
STATES = 1 << 16
#: Tokens of continuations whose verdicts are remembered, so that equal ones are asked for once.
REMEMBERED = 4_000_000
#: Packed rows are at most so long, or one response long (packed.py): attention's cost grows with the square.
WIDEST = 1024
#: Rows up to this length are attended to plainly on a CPU (attention.py says why).
SHORT = 512
#: Llamas up to this width are computed with folded weights (lean.py): more would cost more than it saves.
NARROW = 256


def continued_at_once(tokens: int, *, lean: bool) -> int:
    """How many continuations are written at once, each of up to so many tokens with its prompt."""
    return CONTINUATIONS if lean else max(1, TOKENS // tokens)


def states_at_once(tokens: int, continuations: int) -> int:
    """How many continuations of small models may run at a time, each of up to `tokens` tokens with its prompt. The
    `continuations` of one prefix always may."""
    return max(continuations, STATES // tokens)
