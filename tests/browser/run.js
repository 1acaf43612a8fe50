// Runs the browser tests: all, or those whose names match. The server must have been built.
//
// usage: node run.js [PATTERN]
import { launch } from "./lib/browser.js";
import { runAll } from "./lib/runner.js";
import "./scenarios/incidents.js";
import "./scenarios/find.js";
import "./scenarios/act.js";
import "./scenarios/failures.js";
import "./scenarios/live.js";
import "./scenarios/plain.js";
import "./looks.js";

const browser = await launch();
const ok = await runAll(new RegExp(process.argv[2] ?? ""), 2, { browser });
await browser.close();
process.exit(ok ? 0 : 1);
