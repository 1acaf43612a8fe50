// What pages can do better with scripts. Without them everything is there, and stands still.
import { startCopy } from "./copy.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { showTimes } from "./times.js";

// Where the pages are a row that scrolls, the one that is shown may be outside of it. (scrollIntoView would also have Tab begin there,
// past the link that skips the pages.)
const shown = document.querySelector(".side [aria-current]")?.getBoundingClientRect();
const side = document.querySelector(".side");
if (shown) {
  const row = side.getBoundingClientRect();
  side.scrollBy({ left: shown.left + shown.width / 2 - row.left - row.width / 2, behavior: "instant" });
}
showTimes(document);
startKeys();
startLive();
startCopy();
