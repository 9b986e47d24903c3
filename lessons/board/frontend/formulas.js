// @ts-nocheck: terms that learners declare take the place of what stands here.
// The formula card's lines: each formula with the chosen token's own numbers in it. Pure: a token in, lines out.
//
// A line is { key, parts, code, sub, help }: a part is plain text, or { text, tone } where the tone says what it means;
// `help` stands in for the key's usual explanation where that would not be true.

import { advantageLines } from "./advantages.js";
import { equation, factor, fill, fixed, isNumber, minus, plain, signed, signedText, strong } from "./format.js";

/** Every line for the token at index `i` of a response. `group.learners` says what each learner compared it with. */
export function lines(response, i, pass, group, labels) {
  const get = (name) => response.at(name, i, pass);
  const missing = (name) => strong(labels[response.absence(name)], "mute");
  const settings = response.settings;
  const cispo = settings.surrogate === "cispo";
  return [
    logprob(get, labels, missing),
    settings.importance_sampling_level === "sequence" ? responseRatio(response, i, pass, labels) : ratio(get, missing),
    ...advantageLines(response, i, pass, group, labels),
    ...(cispo ? weighted(get, settings, labels) : branches(get, settings, labels)),
    cispo ? weightedGradient(get, settings, labels) : gradient(response, i, pass, labels),
    kl(get, labels, missing),
    ...values(response, i, pass, labels, missing),
    objective(get, settings, missing),
  ];
}

function logprob(get, labels, missing) {
  const told = ([name, word], i) => [`${i ? " · " : ""}${word} `, get(name) === null ? missing(name) : fixed(get(name), 3)];
  return { key: "logprob", parts: [["logprob_old", labels.old], ["logprob", labels.now], ["logprob_ref", labels.reference]].flatMap(told) };
}

function ratio(get, missing) {
  const [now, old, rho] = [get("logprob"), get("logprob_old"), get("ratio")];
  if (![now, old, rho].every(isNumber)) return { key: "ratio", parts: [rho === null ? missing("ratio") : strong(fixed(rho, 3))] };
  const { operands, result, equals } = equation([now, old], (a, b) => Math.exp(a - b), rho);
  return { key: "ratio", parts: [`exp(${operands[0]} ${minus(operands[1])}) ${equals} `, strong(result)], code: "surrogate.py" };
}

/** GSPO: the response has one ratio, the geometric mean of its tokens'. */
function responseRatio(response, i, pass, labels) {
  const rho = response.at("ratio", i, pass);
  const logs = response.position.map((_, j) => [response.at("logprob", j, pass), response.at("logprob_old", j, pass)]);
  if (![rho, ...logs.flat()].every(isNumber)) return { key: "ratio", parts: [strong(fixed(rho, 3, labels.not_recorded), rho === null ? "mute" : "strong")] };
  const sum = logs.reduce((total, [now, old]) => total + now - old, 0);
  const e = equation([sum], (x) => Math.exp(x / logs.length), rho);
  return { key: "ratio", parts: [`exp(${e.operands[0]} / ${logs.length}) ${e.equals} `, strong(e.result), ` ${fill(labels.whole_ratio, { n: logs.length })}`], code: "gspo.py", help: "" };
}

/** CISPO: no min. The ratio, bounded from above and held fixed, weighs A log π. */
function weighted(get, settings, labels) {
  const [rho, advantage, now] = [get("ratio"), get("advantage"), get("logprob")];
  if (![rho, advantage, now, settings.clip_high].every(isNumber)) return [];
  const bound = 1 + settings.clip_high;
  const w = equation([rho], (x) => Math.min(x, bound), Math.min(rho, bound));
  const weight = Math.min(rho, bound);
  const e = equation([weight, advantage, now], (x, a, l) => x * a * l, weight * advantage * now);
  return [
    { key: "weight", parts: [`min(${w.operands[0]}, ${bounded(bound)}) ${w.equals} `, strong(w.result), ...(rho > bound ? [" ", strong(`✓ ${labels.bounded}`, "won")] : [])], code: "cispo.py" },
    { key: "weighted", parts: [`${e.operands[0]} × ${factor(e.operands[1])} × ${factor(e.operands[2])} ${e.equals} `, strong(e.result)], code: "cispo.py" },
  ];
}

/** Its gradient is never cut: it is weight × A × the gradient of log π. */
function weightedGradient(get, settings, labels) {
  const [rho, advantage] = [get("ratio"), get("advantage")];
  if (advantage === 0) return { key: "gradient", parts: [strong("0"), ": " + labels.gradient_zero], code: "cispo.py" };
  if (!isNumber(advantage) || !isNumber(settings.clip_high)) return { key: "gradient", parts: [strong(labels.not_recorded, "mute")] };
  const bound = 1 + settings.clip_high;
  const way = advantage > 0 ? labels.gradient_up : labels.gradient_down;
  const limit = isNumber(rho) && rho > bound ? [` (${fill(labels.gradient_bounded, { bound: bounded(bound), ratio: fixed(rho, 3) })})`] : [];
  return { key: "gradient", parts: [way, ...limit], code: "cispo.py" };
}

const bounded = (bound) => plain(Number(bound.toFixed(6)));

/** Both sides of the min, and which one it took. */
function branches(get, settings, labels) {
  const [rho, advantage] = [get("ratio"), get("advantage")];
  if (!isNumber(rho) || !isNumber(advantage)) return [];
  if (!isNumber(settings.epsilon) || !isNumber(settings.clip_high)) return [];
  const [low, high] = [1 - settings.epsilon, 1 + settings.clip_high];
  const inside = Math.min(high, Math.max(low, rho));
  const [free, clipped] = [rho * advantage, inside * advantage];
  const row = (key, ratio, result, won) => {
    const e = equation([ratio, advantage], (x, y) => x * y, result);
    return { key, parts: [`${e.operands[0]} × ${factor(e.operands[1])} ${e.equals} `, won ? strong(e.result) : e.result, ...(won ? [" ", strong(`✓ ${labels[won]}`, "won")] : [])] };
  };
  const same = free === clipped;
  const found = [row("free", rho, free, same ? "both" : free < clipped ? "min" : null), row("clip", inside, clipped, !same && clipped < free ? "min" : null)];
  const c = settings.dual_clip;
  if (c && advantage < 0) found.push(row("dual", c, c * advantage, c * advantage > Math.min(free, clipped) ? "max" : null));
  return found;
}

function gradient(response, i, pass, labels) {
  const { settings } = response;
  const get = (name) => response.at(name, i, pass);
  const [cut, rho, advantage] = [get("clipped"), get("ratio"), get("advantage")];
  const whole = settings.importance_sampling_level === "sequence" ? [` (${reach(response, pass, labels)})`] : [];
  const line = (...parts) => ({ key: "gradient", parts: [...parts, ...whole], code: "surrogate.py" });
  const [low, high] = [bounded(1 - settings.epsilon), bounded(1 + settings.clip_high)];
  if (cut > 0 && advantage < 0) return line(strong("0"), ": " + fill(labels.gradient_dual, { c: plain(settings.dual_clip) }));
  if (cut > 0) return line(strong("0"), ": " + fill(labels.gradient_high, { bound: high }));
  if (cut < 0) return line(strong("0"), ": " + fill(labels.gradient_low, { bound: low }));
  if (advantage === 0) return line(strong("0"), ": " + labels.gradient_zero);
  if (![advantage, rho, settings.epsilon, settings.clip_high].every(isNumber)) return { key: "gradient", parts: [strong(labels.not_recorded, "mute")] };
  const outside = isNumber(rho) && (rho > 1 + settings.clip_high || rho < 1 - settings.epsilon);
  return line(outside ? labels.gradient_back : advantage > 0 ? labels.gradient_up : labels.gradient_down);
}

/** Whom a term with the response's ratio moves: every token of it; and so do the terms of all the others. */
function reach(response, pass, labels) {
  const first = response.at("advantage", 0, pass);
  const alike = response.position.every((_, j) => response.at("advantage", j, pass) === first);
  return alike ? labels.whole_response : labels.own_term;
}

function kl(get, labels, missing) {
  const names = ["kl_k1", "kl_k2", "kl_k3", "kl_exact"];
  const found = names.map(get);
  if (found.every((x) => x === null)) return { key: "kl", parts: [missing("kl_k1"), ` ${labels.no_reference}`] };
  return { key: "kl", parts: [found.map((x, i) => `${labels.kl_names[i]} ${i === 0 ? signed(x, 3, labels.not_recorded) : fixed(x, 3, labels.not_recorded)}`).join(" · ")], code: "kl.py" };
}

function values(response, i, pass, labels, missing) {
  const value = response.at("value", i, pass);
  const without = response.absence("value") === "none" ? ` ${labels.no_critic}` : "";
  if (value === null) return [{ key: "value", parts: [missing("value"), without] }];
  const next = response.at("value", i + 1, pass);
  const after = next === null ? labels.value_end : fill(labels.value_next, { value: fixed(next, 3) });
  const { algorithm, continuations } = response.settings;
  const source = algorithm === "vine" ? ` (${fill(labels.measured, { k: continuations })})` : "";
  return [{ key: "value", parts: [`${fixed(value, 3)} → ${after}${source}`] }];
}

/** What is maximised for this token: the min (or CISPO's weighted log π), less the KL term, plus the entropy bonus. */
function objective(get, settings, missing) {
  const total = get("objective");
  const { beta, entropy_coef: bonus, kl_loss_estimator: estimator } = settings;
  if (!isNumber(total)) return { key: "objective", parts: [total === null ? missing("objective") : strong(fixed(total, 3))] };
  const [kl, entropy] = [beta > 0 ? get(`kl_${estimator}`) : 0, bonus > 0 ? get("entropy") : 0];
  if ((beta <= 0 && bonus <= 0) || kl === null || entropy === null) return { key: "objective", parts: [strong(signed(total, 3))], code: "policy_loss.py" };
  const surrogate = total + beta * kl - bonus * entropy;
  const e = equation([surrogate, kl, entropy], (s, k, h) => s - beta * k + bonus * h, total);
  const text = e.operands[0] + (beta > 0 ? ` − ${plain(beta)} × ${factor(e.operands[1])}` : "") + (bonus > 0 ? ` + ${plain(bonus)} × ${factor(e.operands[2])}` : "");
  return { key: "objective", parts: [`${text} ${e.equals} `, strong(signedText(e.result))], code: "policy_loss.py" };
}
