// What stands before a loader (assets.py puts them together) is simply there: common.mjs before each, anchor.mjs
// before document.mjs, and before present.mjs bar.mjs, parts.mjs, fitting.mjs, screens.mjs and part_on_show.mjs, in this
// order.

declare const load: typeof import("./common.mjs").load;
declare const turn: typeof import("./common.mjs").turn;
declare const takeBack: typeof import("./common.mjs").takeBack;
declare const untilGone: typeof import("./common.mjs").untilGone;
declare const ready: typeof import("./common.mjs").ready;
declare const appRoot: typeof import("./common.mjs").appRoot;
declare const blob: typeof import("./common.mjs").blob;
declare const unzipped: typeof import("./common.mjs").unzipped;
declare const unpack: typeof import("./common.mjs").unpack;

declare const keepAnchor: typeof import("./anchor.mjs").keepAnchor;

declare const Bar: typeof import("./bar.mjs").Bar;

declare const pieces: typeof import("./parts.mjs").pieces;
declare const parts: typeof import("./parts.mjs").parts;
declare const recall: typeof import("./parts.mjs").recall;
declare const keep: typeof import("./parts.mjs").keep;

declare const SMALLEST: typeof import("./fitting.mjs").SMALLEST;
declare const FINER: typeof import("./fitting.mjs").FINER;
declare const EDGE: typeof import("./fitting.mjs").EDGE;
declare const MOVED: typeof import("./fitting.mjs").MOVED;
declare const pageScale: typeof import("./fitting.mjs").pageScale;
declare const scaleOf: typeof import("./fitting.mjs").scaleOf;
declare const pictures: typeof import("./fitting.mjs").pictures;
declare const lessonOf: typeof import("./fitting.mjs").lessonOf;
declare const isShort: typeof import("./fitting.mjs").isShort;
declare const full: typeof import("./fitting.mjs").full;
declare const fitting: typeof import("./fitting.mjs").fitting;

declare const dealt: typeof import("./screens.mjs").dealt;
declare const piecesOf: typeof import("./screens.mjs").piecesOf;
declare const roomOf: typeof import("./screens.mjs").roomOf;
declare const closer: typeof import("./screens.mjs").closer;
declare const enlarge: typeof import("./screens.mjs").enlarge;
declare const unstack: typeof import("./screens.mjs").unstack;
declare const untried: typeof import("./screens.mjs").untried;
declare const keepWidths: typeof import("./screens.mjs").keepWidths;

declare const AWAY: typeof import("./part_on_show.mjs").AWAY;
declare const LAST: typeof import("./part_on_show.mjs").LAST;
declare const away: typeof import("./part_on_show.mjs").away;
declare const PartOnShow: typeof import("./part_on_show.mjs").PartOnShow;
