import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { Playback } from "#frontend/playback.js";
import { page } from "./page.js";

const words = { play: "play", pause: "pause", back: "back", next: "next", scrub: "where", speed: "speed" };

/** Something of four parts that plays one a second; `frame()` draws so many pictures, 50 ms apart. */
function played(t, course = {}) {
  page(t);
  const waiting = [];
  let now = 1000;
  globalThis.requestAnimationFrame = (draw) => waiting.push(draw);
  globalThis.cancelAnimationFrame = () => waiting.splice(0);
  const moves = [];
  const made = new Playback("x", {
    later: (at, seconds) => at + seconds,
    isStill: () => false,
    ...course,
    onMove: () => {
      moves.push(made.at);
      made.show(`at ${made.at}`, words);
    },
  });
  made.draw(4, words);
  document.body.append(made.root);
  const frame = (times = 1) => {
    for (let i = 0; i < times; i++) {
      now += 50;
      for (const draw of waiting.splice(0)) draw(now);
    }
  };
  const key = (name) => made.player.scrub.dispatchEvent(new KeyboardEvent("keydown", { key: name, cancelable: true }));
  return { made, moves, frame, key };
}

test("played to the end it stops there, and begins anew; its button says which it does", (t) => {
  const { made, frame } = played(t);
  made.player.play.click();
  assert.deepEqual([made.isPlaying, made.player.play.getAttribute("aria-label")], [true, "pause"]);
  frame(200);
  assert.deepEqual([made.isPlaying, made.at, made.player.play.title], [false, 4, "play"]);
  made.player.play.click();
  assert.deepEqual([made.isPlaying, made.at], [true, 0]);
});

test("its controls are there once their buttons have names", (t) => {
  page(t);
  const made = new Playback("x", { onMove: () => {}, later: (at) => at });
  made.draw(4, words);
  assert.equal(made.player.walk.style.visibility, "hidden");
  made.show("at 0", words);
  assert.equal(made.player.walk.style.visibility, "");
  assert.ok([...made.root.querySelectorAll("button")].every((x) => x.getAttribute("aria-label")));
});

test("twice as fast comes twice as far", (t) => {
  const { made, frame } = played(t, { hasSpeeds: true });
  const far = (pace) => {
    made.go(0);
    made.player.speed.value = pace;
    made.toggle();
    frame(11);
    return made.at;
  };
  assert.ok(Math.abs(far("2") - 2 * far("1")) < 1e-9);
  assert.ok(made.at > 0.4);
});

test("keys go one thing on or back, to stops, to both ends, and play; nothing leads beyond the ends", (t) => {
  const { made, moves, key } = played(t, { hasStops: true, onward: (at) => at + 2, backward: (at) => at - 2 });
  for (const name of ["ArrowRight", "PageUp", "PageUp", "ArrowUp", "ArrowLeft", "PageDown", "Home", "ArrowDown", "End"])
    key(name);
  assert.deepEqual(moves, [1, 3, 4, 4, 3, 1, 0, 0, 4]);
  key("Tab");
  assert.equal(moves.length, 9);
  key(" ");
  assert.equal(made.isPlaying, true);
});

test("buttons for the stops are there where they are wanted, and dead at the ends", (t) => {
  const { made } = played(t, { hasStops: true });
  const { back, next } = made.player;
  made.go(0);
  assert.deepEqual([back.disabled, next.disabled], [true, false]);
  next.click();
  made.go(4);
  assert.deepEqual([back.disabled, next.disabled], [false, true]);
  back.click();
  assert.equal(made.at, 3);
  const bare = played(t).made;
  assert.equal(bare.root.querySelectorAll("button, select").length, 1);
});

test("where motion is unwelcome it goes from stop to stop, and no frame is drawn", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { made, moves, frame } = played(t, { isStill: () => true, onward: (at) => at + 2, rest: 500 });
  made.toggle();
  frame(100);
  assert.deepEqual(moves, [0]);
  t.mock.timers.tick(500);
  t.mock.timers.tick(500);
  assert.deepEqual([moves, made.isPlaying], [[0, 2, 4], false]);
});

test("out of view it rests, and goes on when it is back", (t) => {
  let see;
  globalThis.IntersectionObserver = class {
    constructor(seen) {
      see = seen;
    }
    observe() {}
    disconnect() {
      see = null;
    }
  };
  t.after(() => delete globalThis.IntersectionObserver);
  const { made, frame } = played(t);
  made.watch(made.root);
  made.toggle();
  frame(3);
  const at = made.at;
  see([{ isIntersecting: false }]);
  frame(3);
  assert.deepEqual([made.at, made.isPlaying], [at, true]);
  see([{ isIntersecting: true }]);
  frame(3);
  assert.ok(made.at > at);
  made.close();
  assert.deepEqual([see, made.isPlaying], [null, false]);
});

test("dragged, it stops where the hand is; what rests at whole numbers alone goes to the nearest when let go", (t) => {
  const drag = (made, to, type) => {
    made.player.scrub.value = to;
    made.player.scrub.dispatchEvent(new Event(type));
  };
  const { made } = played(t);
  made.toggle();
  drag(made, "1.6", "input");
  drag(made, "1.6", "change");
  assert.deepEqual([made.at, made.isPlaying, made.isDragged], [1.6, false, false]);
  const whole = played(t, { isWhole: true }).made;
  drag(whole, "1.6", "input");
  assert.deepEqual([whole.at, whole.isDragged], [1.6, true]);
  drag(whole, "1.6", "change");
  assert.deepEqual([whole.at, whole.isDragged], [2, false]);
});

test("one player: no other module but the run's timeline and the home page's response draws a pause sign", () => {
  const folder = new URL("../../lessons/board/frontend/", import.meta.url);
  const files = readdirSync(folder, { recursive: true }).filter((x) => x.endsWith(".js") && !x.includes("vendor"));
  const own = files.filter((x) => readFileSync(new URL(x, folder), "utf8").includes("❚❚"));
  assert.deepEqual(own.sort(), ["lesson_credits.js", "player.js", "timeline.js"]);
});
