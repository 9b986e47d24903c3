// The formula card's lines: each formula with the chosen token's own numbers in it. Pure: a token in, lines out.
//
// A line is { key, parts, code }; a part is plain text, or { text, tone } where the tone says what it means.

import { equation, factor, fill, fixed, isNumber, minus, plus, signed } from "./format.js";

const strong = (text, tone = "strong") => ({ text, tone });
const tone = (x) => (x < 0 ? "negative" : x > 0 ? "positive" : "strong");

/** Every line for the token at index `i` of a response. `group` holds the group's rewards and responses. */
export function lines(response, i, pass, group, labels) {
  const get = (name) => response.at(name, i, pass);
  const none = strong(labels.none, "mute");
  const settings = response.settings;
  const advantage = settings.algorithm === "ppo" ? ppoAdvantage : grpoAdvantage;
  return [
    logprob(get, labels, none),
    ratio(get),
    ...advantage(response, i, pass, group, labels),
    ...branches(get, settings, labels),
    gradient(get, settings, labels),
    kl(get, labels, none),
    ...values(response, i, pass, labels, none),
    objective(get, settings),
  ];
}

function logprob(get, labels, none) {
  const ref = get("logprob_ref");
  return {
    key: "logprob",
    parts: [`${labels.old} ${fixed(get("logprob_old"), 3)} · ${labels.now} ${fixed(get("logprob"), 3)} · ${labels.reference} `,
      ref === null ? none : fixed(ref, 3)],
  };
}

function ratio(get) {
  const [now, old, rho] = [get("logprob"), get("logprob_old"), get("ratio")];
  if (![now, old, rho].every(isNumber)) return { key: "ratio", parts: [strong(fixed(rho, 3))] };
  const { operands, result, equals } = equation([now, old], (a, b) => Math.exp(a - b), rho);
  return { key: "ratio", parts: [`exp(${operands[0]} ${minus(operands[1])}) ${equals} `, strong(result)], code: "surrogate.py" };
}

/** δ from reward and values, the sum of discounted δ, then whitening: how PPO's critic made this token's advantage. */
function ppoAdvantage(response, i, pass, group, labels) {
  const at = (name, j = i) => response.at(name, j, pass);
  const { gamma, lam, whiten_advantages: whiten } = response.settings;
  const [reward, value, delta, raw, advantage] = ["token_reward", "value", "delta", "advantage_raw", "advantage"].map((x) => at(x));
  const found = [{ key: "advantage", parts: [strong(signed(advantage, 3, labels.none), tone(advantage))], code: "advantages.py" }];
  if (![reward, value, delta, raw, advantage].every(isNumber)) return found;
  const last = i === response.length - 1;
  const after = last ? (gamma ? (delta - reward + value) / gamma : 0) : at("value", i + 1);
  const d = equation([reward, after, value], (r, v, u) => r + gamma * v - u, delta);
  const g = plain(gamma);
  found.push({ key: "delta", sub: true, parts: [`${d.operands[0]} + ${g} × ${factor(d.operands[1])} ${minus(d.operands[2])} ${d.equals} `, strong(d.result)] });
  const next = last ? 0 : at("advantage_raw", i + 1);
  const a = equation([delta, next], (x, y) => x + gamma * lam * y, raw);
  found.push({ key: "gae", sub: true, parts: [`${a.operands[0]} + ${g} × ${plain(lam)} × ${factor(a.operands[1])} ${a.equals} `, strong(a.result)] });
  if (whiten) {
    const line = whitening(raw, advantage, group, response, pass);
    if (line) found.push(line);
  }
  const total = at("return");
  if (isNumber(total)) {
    const r = equation([raw, value], (x, y) => x + y, total);
    found.push({ key: "return", sub: true, parts: [`${r.operands[0]} ${plus(r.operands[1])} ${r.equals} `, strong(r.result)] });
  }
  return found;
}

/** Mean and standard deviation are the whole step's; they follow from two tokens before and after whitening. */
function whitening(raw, advantage, group, response, pass) {
  let [low, high] = [null, null];
  for (const other of group.responses.filter((x) => x.learner === response.learner)) {
    for (let j = 0; j < other.length; j++) {
      const pair = [other.at("advantage_raw", j, pass), other.at("advantage", j, pass)];
      if (!pair.every(isNumber)) continue;
      if (!low || pair[0] < low[0]) low = pair;
      if (!high || pair[0] > high[0]) high = pair;
    }
  }
  if (!low || high[1] - low[1] < 1e-6) return null;
  const std = (high[0] - low[0]) / (high[1] - low[1]);
  const mean = low[0] - std * low[1];
  const w = equation([raw, mean, std], (x, m, s) => (x - m) / s, advantage);
  return { key: "whiten", sub: true, parts: [`(${w.operands[0]} ${minus(w.operands[1])}) / ${w.operands[2]} ${w.equals} `, strong(signedText(w.result), tone(advantage))], code: "advantages.py" };
}

/** The response's reward against its group's: one number for every token. */
function grpoAdvantage(response, i, pass, group, labels) {
  const advantage = response.at("advantage", i, pass);
  const found = [{ key: "advantage", parts: [strong(signed(advantage, 3, labels.none), tone(advantage))], code: "advantages.py" }];
  const { scale_rewards: by, scale_ddof: ddof, scale_eps: eps } = response.settings;
  const rewards = group.rewards[response.learner] ?? [];
  if (response.settings.kl_coef > 0 || by === "batch" || rewards.length < 2 || !isNumber(advantage)) {
    found.push({ key: "group", sub: true, parts: [`${rewards.map((x) => plain(x)).join("  ")}`] });
    return found;
  }
  const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length;
  const std = Math.sqrt(rewards.reduce((a, r) => a + (r - mean) ** 2, 0) / Math.max(1, rewards.length - ddof));
  found.push({ key: "group", sub: true, parts: [fill(labels.group_is, { rewards: rewards.map((x) => plain(x)).join("  "), mean: fixed(mean, 3), std: fixed(std, 3) })] });
  if (std < 1e-6 * Math.max(1, Math.abs(mean))) found.push({ key: "scaled", sub: true, parts: [labels.no_signal] });
  else if (by === "none") {
    const e = equation([response.reward, mean], (r, m) => r - m, advantage);
    found.push({ key: "scaled", sub: true, parts: [`${e.operands[0]} ${minus(e.operands[1])} ${e.equals} `, strong(signedText(e.result), tone(advantage))] });
  } else {
    const e = equation([response.reward, mean, std], (r, m, s) => (r - m) / (s + eps), advantage);
    found.push({ key: "scaled", sub: true, parts: [`(${plain(response.reward)} ${minus(e.operands[1])}) / (${e.operands[2]} + ${plain(eps)}) ${e.equals} `, strong(signedText(e.result), tone(advantage))] });
  }
  return found;
}

/** Both sides of the min, and which one it took. */
function branches(get, settings, labels) {
  const [rho, advantage] = [get("ratio"), get("advantage")];
  if (!isNumber(rho) || !isNumber(advantage)) return [];
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

function gradient(get, settings, labels) {
  const [cut, rho, advantage] = [get("clipped"), get("ratio"), get("advantage")];
  const [low, high] = [fixed(1 - settings.epsilon, 2), fixed(1 + settings.clip_high, 2)];
  const dual = cut > 0 && advantage < 0;
  if (dual) return { key: "gradient", parts: [strong("0"), ": " + fill(labels.gradient_dual, { c: plain(settings.dual_clip) })], code: "surrogate.py" };
  if (cut > 0) return { key: "gradient", parts: [strong("0"), ": " + fill(labels.gradient_high, { bound: high })], code: "surrogate.py" };
  if (cut < 0) return { key: "gradient", parts: [strong("0"), ": " + fill(labels.gradient_low, { bound: low })], code: "surrogate.py" };
  if (advantage === 0) return { key: "gradient", parts: [strong("0"), ": " + labels.gradient_zero], code: "surrogate.py" };
  const outside = isNumber(rho) && (rho > 1 + settings.clip_high || rho < 1 - settings.epsilon);
  return { key: "gradient", parts: [outside ? labels.gradient_back : advantage > 0 ? labels.gradient_up : labels.gradient_down], code: "surrogate.py" };
}

function kl(get, labels, none) {
  const names = ["kl_k1", "kl_k2", "kl_k3", "kl_exact"];
  const found = names.map(get);
  if (found.every((x) => x === null)) return { key: "kl", parts: [none, ` ${labels.no_reference}`] };
  return { key: "kl", parts: [found.map((x, i) => `${labels.kl_names[i]} ${i === 0 ? signed(x, 3, labels.none) : fixed(x, 3, labels.none)}`).join(" · ")], code: "kl.py" };
}

function values(response, i, pass, labels, none) {
  const value = response.at("value", i, pass);
  if (value === null) return [{ key: "value", parts: [none, ` ${labels.no_critic}`] }];
  const next = response.at("value", i + 1, pass);
  const after = next === null ? labels.value_end : fill(labels.value_next, { value: fixed(next, 3) });
  return [{ key: "value", parts: [`${fixed(value, 3)} → ${after}`] }];
}

/** What is maximised for this token: the min, less the KL term, plus the entropy bonus. */
function objective(get, settings) {
  const total = get("objective");
  const { beta, entropy_coef: bonus, kl_loss_estimator: estimator } = settings;
  if (!isNumber(total)) return { key: "objective", parts: [strong(fixed(total, 3, "–"))] };
  const [kl, entropy] = [beta > 0 ? get(`kl_${estimator}`) : 0, bonus > 0 ? get("entropy") : 0];
  if ((beta <= 0 && bonus <= 0) || kl === null || entropy === null) return { key: "objective", parts: [strong(signed(total, 3))], code: "policy_loss.py" };
  const surrogate = total + beta * kl - bonus * entropy;
  const e = equation([surrogate, kl, entropy], (s, k, h) => s - beta * k + bonus * h, total);
  const text = e.operands[0] + (beta > 0 ? ` − ${plain(beta)} × ${factor(e.operands[1])}` : "") + (bonus > 0 ? ` + ${plain(bonus)} × ${factor(e.operands[2])}` : "");
  return { key: "objective", parts: [`${text} ${e.equals} `, strong(signedText(e.result))], code: "policy_loss.py" };
}

const plain = (x) => String(x).replace("-", "−");
const signedText = (text) => (/^[−0]/.test(text) && !/^0\.0*[1-9]/.test(text) ? text : `+${text}`);
