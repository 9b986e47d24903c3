// Frames that come when a test says so.

/** Makes requestAnimationFrame the test's: `pass(seconds)` lets so much time go by, in frames of a twentieth. */
export function frames() {
  let [now, waiting, last] = [0, new Map(), 0];
  globalThis.requestAnimationFrame = (f) => {
    waiting.set(++last, f);
    return last;
  };
  globalThis.cancelAnimationFrame = (id) => waiting.delete(id);
  return {
    get waiting() {
      return waiting.size;
    },
    pass(seconds) {
      for (let t = 0; t < seconds; t += 0.05) {
        now += 50;
        const due = [...waiting.values()];
        waiting = new Map();
        for (const f of due) f(now);
      }
    },
  };
}
