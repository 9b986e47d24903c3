// @ts-nocheck: terms that learners declare take the place of what stands here.
// The formula card's lines about the advantage: where this token's credit came from, by the learner's own way.

import { equation, factor, fill, fixed, isNumber, minus, plain, plus, signed, signedText, strong, tone } from "./format.js";

const MANY = 12; // so many rewards fit on a line

/** The advantage, and every line of arithmetic that led to it. */
export function advantageLines(response, i, pass, group, labels) {
  const advantage = response.at("advantage", i, pass);
  const head = { key: "advantage", parts: [strong(signed(advantage, 3, labels.not_recorded), advantage === null ? "mute" : tone(advantage))], code: "advantages.py" };
  const way = { ppo: fromCritic, vine: fromMeasured, grpo: fromGroup }[response.settings.algorithm];
  return [head, ...(way?.(response, i, pass, group.learners[response.learner], labels) ?? [])];
}

/** δ from reward and values, the sum of discounted δ, then whitening: how PPO's critic made this token's advantage. */
function fromCritic(response, i, pass, step) {
  const at = (name, j = i) => response.at(name, j, pass);
  const { gamma, lam } = response.settings;
  const [reward, value, delta, raw, advantage] = ["token_reward", "value", "delta", "advantage_raw", "advantage"].map((x) => at(x));
  if (![reward, value, delta, raw, advantage].every(isNumber)) return [];
  const last = i === response.length - 1;
  const after = last ? (gamma ? (delta - reward + value) / gamma : 0) : at("value", i + 1);
  const d = equation([reward, after, value], (r, v, u) => r + gamma * v - u, delta);
  const g = plain(gamma);
  const next = last ? 0 : at("advantage_raw", i + 1);
  const a = equation([delta, next], (x, y) => x + gamma * lam * y, raw);
  const found = [
    { key: "delta", sub: true, parts: [`${d.operands[0]} + ${g} × ${factor(d.operands[1])} ${minus(d.operands[2])} ${d.equals} `, strong(d.result)] },
    { key: "gae", sub: true, parts: [`${a.operands[0]} + ${g} × ${plain(lam)} × ${factor(a.operands[1])} ${a.equals} `, strong(a.result)] },
    ...whitening(raw, advantage, response.settings, step),
  ];
  const total = at("return");
  if (isNumber(total)) {
    const r = equation([raw, value], (x, y) => x + y, total);
    found.push({ key: "return", sub: true, parts: [`${r.operands[0]} ${plus(r.operands[1])} ${r.equals} `, strong(r.result)] });
  }
  return found;
}

/** How much this token changed the measured value of the prefix: VinePPO. Nothing follows the last token. */
function fromMeasured(response, i, pass, step) {
  const at = (name, j = i) => response.at(name, j, pass);
  const [reward, value, raw, advantage] = ["token_reward", "value", "advantage_raw", "advantage"].map((x) => at(x));
  const after = i === response.length - 1 ? 0 : at("value", i + 1);
  if (![reward, value, after, raw, advantage].every(isNumber)) return [];
  const e = equation([reward, after, value], (r, v, u) => r + v - u, raw);
  return [
    { key: "gain", sub: true, parts: [`${e.operands[0]} ${plus(e.operands[1])} ${minus(e.operands[2])} ${e.equals} `, strong(e.result)], code: "vine.py" },
    ...whitening(raw, advantage, response.settings, step),
  ];
}

/** The response's reward against what its baseline compares it with: one number for every token. */
function fromGroup(response, i, pass, step, labels) {
  const { settings, compared: own } = response;
  const advantage = response.at("advantage", i, pass);
  const scores = step.compared;
  if (!scores || !isNumber(own) || !isNumber(advantage)) return [{ key: "group", sub: true, parts: [step.rewards.map(number).join("  ")] }];
  const less = settings.kl_coef > 0 ? ` (${labels.less_kl})` : "";
  if (settings.baseline === "none") {
    return [{ key: "group", sub: true, parts: [fill(labels.no_baseline, { reward: number(own) }) + less] }, ...whitening(own, advantage, settings, step)];
  }
  const against = compare(scores, own, settings, step.spread);
  const told = { rewards: scores.slice(0, MANY).map(number).join("  ") + (scores.length > MANY ? " …" : ""), mean: fixed(against.mean, 3), std: fixed(against.std ?? 0, 3) };
  const sentence = [settings.baseline === "leave-one-out" ? labels.others_are : labels.mean_is];
  if (settings.scale_rewards === "group") sentence.push(labels.std_is);
  if (settings.scale_rewards === "batch" && against.std !== null) sentence.push(labels.batch_std_is);
  const found = [{ key: "group", sub: true, parts: [sentence.map((x) => fill(x, told)).join(labels.separator) + less] }];
  if (against.tied) found.push({ key: "scaled", sub: true, parts: [labels.no_signal] });
  else if (against.value === null) return found; // the spread of the whole step is not in the trace
  else found.push(scaled(own, against, settings, settings.whiten_advantages ? against.value : advantage));
  return [...found, ...whitening(against.tied ? 0 : against.value, advantage, settings, step)];
}

/** The numbers of core/algorithms/advantages.py, from the group's scores. `value` is the advantage before whitening. */
function compare(scores, own, { baseline, scale_rewards: by, scale_ddof: ddof, scale_eps: eps }, spread) {
  const all = scores.reduce((a, b) => a + b, 0);
  const mean = all / scores.length;
  const [high, low] = [Math.max(...scores), Math.min(...scores)];
  const tied = high - low <= 1e-6 * Math.max(Math.abs(high), Math.abs(low));
  const alone = Math.sqrt(scores.reduce((a, r) => a + (r - mean) ** 2, 0) / Math.max(1, scores.length - ddof));
  const std = by === "group" ? alone : by === "batch" ? spread : null;
  const base = baseline === "leave-one-out" ? (all - own) / (scores.length - 1) : mean;
  const value = by === "none" ? own - base : std === null ? null : (own - base) / (std + eps);
  return { mean: base, std, tied, value };
}

function scaled(own, { mean, std }, { scale_rewards: by, scale_eps: eps }, result) {
  const value = (shown) => (Number.isInteger(own) ? plain(own) : shown);
  if (by === "none") {
    const e = equation([own, mean], (r, m) => r - m, result);
    return { key: "scaled", sub: true, parts: [`${value(e.operands[0])} ${minus(e.operands[1])} ${e.equals} `, strong(signedText(e.result), tone(result))] };
  }
  const e = equation([own, mean, std], (r, m, s) => (r - m) / (s + eps), result);
  return { key: "scaled", sub: true, parts: [`(${value(e.operands[0])} ${minus(e.operands[1])}) / (${e.operands[2]} + ${plain(eps)}) ${e.equals} `, strong(signedText(e.result), tone(result))] };
}

/** Mean and standard deviation are those of all the step's tokens. */
function whitening(before, advantage, settings, step) {
  if (!settings.whiten_advantages || !step.whitening) return [];
  const w = equation([before, step.whitening.mean, step.whitening.std], (x, m, s) => (x - m) / s, advantage);
  return [{ key: "whiten", sub: true, parts: [`(${w.operands[0]} ${minus(w.operands[1])}) / ${w.operands[2]} ${w.equals} `, strong(signedText(w.result), tone(advantage))], code: "masked.py" }];
}

const number = (x) => (Number.isInteger(x) ? plain(x) : fixed(x, 3));
