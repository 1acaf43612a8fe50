// What pages can do better with scripts. Without them everything is there, and stands still.
import { startCopy } from "./copy.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { showTimes } from "./times.js";

// Where the pages are a row that scrolls, the one that is shown may be outside of it.
document.querySelector(".side [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
showTimes(document);
startKeys();
startLive();
startCopy();
