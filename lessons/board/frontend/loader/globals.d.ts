// common.mjs stands before each loader (assets.py puts them together), so its functions are simply there.

declare const load: typeof import("./common.mjs").load;
declare const turn: typeof import("./common.mjs").turn;
declare const appRoot: typeof import("./common.mjs").appRoot;
declare const blob: typeof import("./common.mjs").blob;
declare const unzipped: typeof import("./common.mjs").unzipped;
declare const unpack: typeof import("./common.mjs").unpack;
