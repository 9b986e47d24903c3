"""Watch a run of TRL's GRPOTrainer with this lab: a callback that writes our trace while TRL trains.

    from core.integrations.trl.callback import CreditLabCallback

    callback = CreditLabCallback(out="my-run", name="GRPO on my task")   # keep=True: into the app's runs, live
    trainer = GRPOTrainer(..., callbacks=[callback])
    callback.watch(trainer)            # transformers does not hand the trainer to its callbacks
    trainer.train()                    # afterwards my-run/ holds run.json, steps, samples and tokens.parquet

One of TRL's generation batches is one step here, its `num_iterations` uses are the step's passes, and pass 0 is the
state before the step's first update. Numbers are TRL's own, taken where TRL computes them; ratio, clipping, KL
estimates and objective follow from its log-probabilities by this project's formulas, which the tests hold against
TRL's. What TRL does not give stays null. One thing is computed besides, without a gradient and without touching TRL's
random numbers: at the end of a pass the kept responses are scored once more where TRL itself does not meet that policy
(`score_after=False` leaves this out, and the trace then ends before the last update).

Needs TRL 1.16. These of its methods are wrapped, on this one trainer: `_generate_and_score_completions`,
`_calculate_rewards`, `_get_per_token_logps_and_entropies`, `_compute_loss`; and transformers' `_get_grad_norm`. If one
is not as expected, `watch` says so in a sentence before anything is trained; if recording fails later, TRL goes on
training without it, and the trace ends there. One process only: with several, each sees a part of every batch.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import TrainerCallback

from core.errors import ConfigError, Message, Refusal
from core.integrations.trl.batch import GenerationBatch
from core.integrations.trl.check import check
from core.integrations.trl.outputs import Rewarded, floats, made_of
from core.integrations.trl.settings import learner_of, loss_is_ours, run_settings
from core.integrations.trl.storage import StoredRun
from core.models.codec import Codec
from core.runs.records import Status

#: A tensor that rides along with TRL's batch, so that its shuffled rows are known again.
ROW = "credit_lab_row"


class CreditLabCallback(TrainerCallback):
    """Writes the trace of one GRPOTrainer. Pass it in `callbacks` and call `watch(trainer)` before `train()`."""

    def __init__(
        self,
        out: str | Path | None = None,
        *,
        name: str = "TRL GRPO",
        keep: bool = False,
        panel_size: int = 32,
        score_after: bool = True,
        answer_column: str | None = None,
        success_from: float | None = None,
    ) -> None:
        """`out` is a folder for the four files, written when training ends; `keep` puts the run among the app's, where
        it can be watched while it goes on, paused and stopped. `panel_size`: how many responses' tokens are kept per
        step, rounded to whole groups. `answer_column`: the data set's column with the right answer. `success_from`: a
        response counts as right from this reward on (none: TRL does not tell which are). Raises ConfigError.
        """
        if out is None and not keep:
            raise ConfigError(
                "CreditLabCallback needs out=FOLDER, keep=True, or both: else the trace is written nowhere."
            )
        self.out, self.name, self.keep = None if out is None else Path(out), name, keep
        self.panel_size, self.score_after = panel_size, score_after
        self.answer_column, self.success_from = answer_column, success_from
        self.run_id: str | None = None  # its id in the store, once training has begun
        self._trainer: Any = None
        self._trouble: Message | None = None
        self._open: list[GenerationBatch] = []  # made, and not yet in the trace
        self._batch: GenerationBatch | None = None  # the one that TRL is training on
        self._rewards: Rewarded | None = None
        self._scores: tuple[Tensor, Tensor] | None = None
        self._clock: dict[int, list[float]] = {}  # step → when it was made, its last update ended; each less our own
        self._own = 0.0  # seconds that this callback took
        self._made = self._seen = 0
        self._closed = False

    # -- attaching -------------------------------------------------------------------------------------------------

    def watch(self, trainer: Any) -> CreditLabCallback:
        """Attaches to a GRPOTrainer that has this callback. Raises ConfigError with a sentence where that cannot be."""
        check(trainer, self)
        self._trainer = trainer
        self._score = trainer._get_per_token_logps_and_entropies
        self._wrap("_generate_and_score_completions", self._generated)
        self._wrap("_calculate_rewards", self._rewarded)
        self._wrap("_get_per_token_logps_and_entropies", self._scored)
        self._wrap("_compute_loss", self._lost)
        self._wrap("_get_grad_norm", self._normed)
        return self

    def _wrap(self, name: str, after: Callable[..., Any]) -> None:
        original = getattr(self._trainer, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if not self._recording:
                return original(*args, **kwargs)
            return after(original, *args, **kwargs)

        setattr(self._trainer, name, wrapped)

    @property
    def _recording(self) -> bool:
        return self.run_id is not None and self._trouble is None and not self._closed and self._trainer.model.training

    # -- where TRL computes ----------------------------------------------------------------------------------------

    def _generated(self, original: Callable[..., Any], inputs: list[dict[str, Any]]) -> Any:
        with self._guarded():
            self._write()
        started = time.perf_counter()
        self._rewards, self._batch = None, None
        output = original(inputs)
        with self._guarded():
            self._batch = self._begin(inputs, output, time.perf_counter() - started)
            self._open.append(self._batch)
            output[ROW] = torch.arange(len(self._batch.made.ids))
        return output

    def _rewarded(self, original: Callable[..., Any], inputs: Any, prompts: Any, completions: Any, ids: Any) -> Any:
        rewards = original(inputs, prompts, completions, ids)
        self._rewards = Rewarded(prompts, completions, ids, floats(rewards))
        return rewards

    def _scored(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        scores = original(*args, **kwargs)
        if kwargs.get("compute_entropy"):  # so TRL asks in its loss only
            self._scores = floats(scores[0]), floats(scores[1])
        return scores

    def _lost(self, original: Callable[..., Any], model: Any, inputs: dict[str, Any]) -> Any:
        self._scores = None
        loss = original(model, inputs)
        with self._guarded():
            if self._batch is None or ROW not in inputs or self._scores is None:
                raise ConfigError("TRL computed a loss in a way that this callback does not know.")
            args = self._trainer.args
            exact = args.steps_per_generation <= args.gradient_accumulation_steps
            self._batch.saw(inputs[ROW], *self._scores, float(loss.detach()), exact=exact)
        return loss

    def _normed(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        norm = original(*args, **kwargs)
        with self._guarded():
            for batch in self._open:
                batch.meter.norms.append(float(norm))
        return norm

    def _begin(self, inputs: list[dict[str, Any]], output: dict[str, Any], seconds: float) -> GenerationBatch:
        trainer = self._trainer
        made = made_of(trainer, self._rewards, inputs, output, seconds=seconds, answer_column=self.answer_column)
        size = trainer.num_generations
        kept = min(len(made.ids), max(size, self.panel_size // size * size))
        names = ("prompt_ids", "prompt_mask", "completion_ids", "completion_mask")
        pictures = "num_images" in output
        number, self._made = self._made, self._made + 1
        self._clock[number] = [time.perf_counter() - self._own, math.nan]
        return GenerationBatch(
            made=made,
            step=number,
            settings=self._stored.settings,
            known_loss=loss_is_ours(trainer),
            max_length=trainer.max_completion_length,
            inputs={} if pictures else {x: output[x][:kept] for x in names},
            kept=kept,
        )

    # -- what transformers calls -----------------------------------------------------------------------------------

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Of transformers. Raises ConfigError where no trainer is watched yet."""
        if self._trainer is None:
            raise ConfigError(
                "CreditLabCallback: call callback.watch(trainer) before trainer.train(); transformers does not hand "
                "the trainer to its callbacks."
            )
        with self._guarded():
            self._start()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if not self._recording:
            return
        with self._guarded():
            ended = time.perf_counter()
            for batch in self._open:
                batch.ended_update()
                self._clock[batch.step][1] = ended - self._own
                self._score_after(batch)
            if self.keep and self._stored.stop_requested():
                control.should_training_stop = True
            self._own += time.perf_counter() - ended

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._recording:
            with self._guarded():
                self._write()

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        with self._guarded():
            self._write(everything=True)
        over = state.global_step >= state.max_steps
        self.close("finished" if over else "stopped")

    def _start(self) -> None:
        trainer = self._trainer
        prompts = (
            trainer.args.per_device_train_batch_size * trainer.args.steps_per_generation // trainer.num_generations
        )
        known = {**run_settings(trainer, prompts), "panel_size": self.panel_size}
        size = trainer.model.get_input_embeddings().weight.shape[0]  # may be larger than the tokenizer's
        self._names = Codec(trainer._tokenizer, vocabulary=size).names
        self._stored = StoredRun(known, learner_of(trainer), self.name, keep=self.keep)
        self._began = time.perf_counter()
        self.run_id = self._stored.run_id
        atexit.register(self.close)

    def _score_after(self, batch: GenerationBatch) -> None:
        """Scores the kept responses once more at the end of a pass, unless TRL's next pass meets the same policy."""
        done = int(batch.seen.min())
        trainer = self._trainer
        whole = int(batch.seen.max()) == done and done > 0
        met_by_trl = trainer.args.steps_per_generation <= trainer.args.gradient_accumulation_steps
        last = done == trainer.num_iterations
        if not self.score_after or not whole or not batch.inputs or (met_by_trl and not last) or done in batch.passes:
            return
        x = batch.inputs
        devices = [trainer.accelerator.device] if trainer.accelerator.device.type == "cuda" else []
        with torch.no_grad(), torch.random.fork_rng(devices=devices):
            scores = self._score(
                trainer.model,
                torch.cat([x["prompt_ids"], x["completion_ids"]], dim=1),
                torch.cat([x["prompt_mask"], x["completion_mask"]], dim=1),
                x["completion_ids"].size(1),
                batch_size=trainer.args.per_device_train_batch_size,
                compute_entropy=True,
            )
        at, entropy = batch.pass_of(done)
        at[: batch.kept], entropy[: batch.kept] = floats(scores[0]), floats(scores[1])

    def _write(self, *, everything: bool = False) -> None:
        """Stores the batches that TRL is done with; at the end also those that it has only begun to train on."""
        passes = self._trainer.num_iterations
        over = [x for x in self._open if x.updates and (everything or int(x.seen.min()) >= passes)]
        for batch in over:
            self._seen += len(batch.made.ids)
            times = self._times(batch, alone=len(over) == 1)
            self._stored.append(batch.trace(self._stored.settings.name, self._names, times, self.success_from))
        self._open = [x for x in self._open if x not in over]

    def _times(self, batch: GenerationBatch, *, alone: bool) -> dict[str, float | None]:
        """What the clock says. Where TRL learns from several batches at once, an update's time is nobody's own."""
        made, ended = self._clock.pop(batch.step)
        update = ended - made if alone else None
        step = None if update is None else batch.made.seconds + update
        counted = float(batch.made.mask.sum())
        return {
            "samples_seen": self._seen,
            "responses_trained": self._seen,
            "wall_time_s": ended - self._began,
            "rollout_time_s": batch.made.seconds,
            "update_time_s": update,
            "step_time_s": step,
            "tokens_per_second": None if not step else counted / step,
        }

    # -- the end ---------------------------------------------------------------------------------------------------

    def close(self, status: Status = "stopped") -> None:
        """Ends the trace and writes the files; called by itself when training ends, and at the latest at exit."""
        if self.run_id is None or self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        self._stored.close("failed" if self._trouble else status, self._trouble, self.out)

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Whatever goes wrong with recording, TRL's training goes on; it is said once, and the trace ends."""
        try:
            yield
        except Exception as error:
            if self._trouble is None:
                first = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
                cause = error.messages[0] if isinstance(error, Refusal) else first
                self._trouble = Message("Recording stopped: {cause}.", cause=cause)
                warnings.warn(f"CreditLabCallback: {self._trouble} TRL goes on training.", stacklevel=2)
