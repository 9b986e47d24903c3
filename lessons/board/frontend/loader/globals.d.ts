// What stands before a loader (assets.py puts them together) is simply there: common.mjs before each, parts.mjs and
// screens.mjs before present.mjs.

declare const load: typeof import("./common.mjs").load;
declare const turn: typeof import("./common.mjs").turn;
declare const appRoot: typeof import("./common.mjs").appRoot;
declare const blob: typeof import("./common.mjs").blob;
declare const unzipped: typeof import("./common.mjs").unzipped;
declare const unpack: typeof import("./common.mjs").unpack;

declare const pieces: typeof import("./parts.mjs").pieces;
declare const parts: typeof import("./parts.mjs").parts;
declare const recall: typeof import("./parts.mjs").recall;
declare const keep: typeof import("./parts.mjs").keep;

declare const dealt: typeof import("./screens.mjs").dealt;
declare const piecesOf: typeof import("./screens.mjs").piecesOf;
declare const pictures: typeof import("./screens.mjs").pictures;
declare const fitting: typeof import("./screens.mjs").fitting;
declare const roomOf: typeof import("./screens.mjs").roomOf;
declare const closer: typeof import("./screens.mjs").closer;
declare const enlarge: typeof import("./screens.mjs").enlarge;
declare const unstack: typeof import("./screens.mjs").unstack;
