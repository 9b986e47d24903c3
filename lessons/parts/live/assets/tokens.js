// Reading the token tables that the server sends: columns of the rollout once, columns of a pass once per pass.

/** One response of one learner, at one pass. */
export class Response {
  constructor(learner, data, settings) {
    Object.assign(this, { learner, settings, ...data });
  }

  get length() {
    return this.position.length;
  }

  get lastPass() {
    return this.passes.length - 1;
  }

  /** A number of the token at index `i`; null where the learner has none. */
  at(name, i, pass) {
    if (i < 0 || i >= this.length) return null;
    const column = this.once[name] ?? this.passes[Math.min(pass, this.lastPass)][name];
    return column?.[i] ?? null;
  }
}

/** A group's answer from the server as Response objects: Map(learner → Response[]). */
export function responses(group) {
  return new Map(
    Object.entries(group.learners).map(([name, { responses: list, settings }]) => [
      name,
      list.map((data) => new Response(name, data, settings)),
    ]),
  );
}

/** What token strips can be coloured by; the first is the default. */
export const COLOURINGS = {
  advantage: { columns: ["advantage"], centre: 0 },
  ratio: { columns: ["ratio"], centre: 1 },
  kl: { columns: ["kl_exact", "kl_k3"] },
  value: { columns: ["value"] },
  entropy: { columns: ["entropy"] },
  logprob: { columns: ["logprob"], reversed: true },
};

/** The number that colours a token under a colouring. */
export function coloured(response, i, pass, colouring) {
  for (const column of COLOURINGS[colouring].columns) {
    const x = response.at(column, i, pass);
    if (x !== null) return x;
  }
  return null;
}

/** Every number that a colouring meets in these responses, in all passes, so that its legend stands still. */
export function domain(groups, colouring) {
  const found = [];
  for (const list of groups.values()) {
    for (const response of list) {
      for (let pass = 0; pass <= response.lastPass; pass++) {
        for (let i = 0; i < response.length; i++) {
          const x = coloured(response, i, pass, colouring);
          if (typeof x === "number") found.push(x);
        }
      }
    }
  }
  return found;
}

const EOS = /^<\|?(eos|endoftext|im_end|\/s)\|?>$|^<\/s>$/;

/** What a chip shows: an end-of-sequence token by its short name, a space as a sign. */
export function chipText(token) {
  if (EOS.test(token)) return { text: "eos", small: true };
  return { text: token.replaceAll(" ", "␣"), small: token.length > 2 };
}
