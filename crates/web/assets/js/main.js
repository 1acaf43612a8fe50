// What pages can do better with scripts. Without them everything is there, and stands still.
import { startCopy } from "./copy.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { showTimes } from "./times.js";

showTimes(document);
startKeys();
startLive();
startCopy();
