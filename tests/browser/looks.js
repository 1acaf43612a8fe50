// Every page, with nothing, three, many and hostile texts: by axe-core, at three widths, light and dark, in both directions.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { visit } from "./lib/browser.js";
import { test } from "./lib/runner.js";
import { scene } from "./lib/scenes.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const WIDTHS = [1600, 800, 320];

/** What axe-core finds. Colors alone are looked at again when only these have changed. */
async function violations(page, only) {
  return page.evaluate(async ([runOnly, rules]) => {
    const found = await globalThis.axe.run(document, { runOnly, rules, resultTypes: ["violations"] });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 300)).join(" | ")}`);
  }, [only ?? { type: "tag", values: WCAG }, only ? {} : { "target-size": { enabled: true } }]);
}

/** What is wider than its place: the page, or a panel of it. */
function overflow(page) {
  return page.evaluate(() => [document.documentElement, ...document.querySelectorAll("main, .panel, .top")]
    .filter((one) => one.scrollWidth > one.clientWidth)
    .map((one) => {
      const wide = [...one.querySelectorAll("*")].filter((inner) => {
        const [box, place] = [inner.getBoundingClientRect(), one.getBoundingClientRect()];
        return box.width && (box.right > place.right + 1 || box.left < place.left - 1);
      });
      return `${one.localName}.${one.className} is ${one.scrollWidth} wide in ${one.clientWidth}: ${wide.at(0)?.outerHTML.slice(0, 200)}`;
    }));
}

async function look({ page, faults, go }, path, language) {
  const mark = faults.length;
  const wrong = [];
  const note = (how, found) => wrong.push(...found.map((one) => `${path} ${language} ${how}: ${one}`));
  await page.setViewportSize({ width: WIDTHS[0], height: 900 });
  const answer = await go(`${path}${path.includes("?") ? "&" : "?"}lang=${language}&theme=light`);
  const told = [200, 404];
  if (!told.includes(answer.status())) note("status", [String(answer.status())]);
  await page.evaluate(AXE);
  note("light", await violations(page));
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    note(`at ${width}`, await overflow(page));
  }
  note("small", await violations(page, { type: "rule", values: ["target-size", "color-contrast", "scrollable-region-focusable"] }));
  await page.evaluate(() => { document.documentElement.dataset.theme = "dark"; });
  note("dark", await violations(page, { type: "rule", values: ["color-contrast"] }));
  const seen = faults.slice(mark).filter((fault) => !(answer.status() === 404 && fault.includes("404")));
  note("faults", seen);
  return wrong;
}

for (const kind of ["none", "three", "many", "hostile"]) {
  test(`looks: ${kind}`, async ({ browser }) => {
    const { server, paths } = await scene(kind);
    const waiting = paths.flatMap((path) => ["en", "ar"].map((language) => [path, language]));
    const wrong = [];
    await Promise.all([1, 2].map(async () => {
      const tab = await visit(browser, server);
      for (let next = waiting.shift(); next; next = waiting.shift()) wrong.push(...await look(tab, ...next));
      await tab.context.close();
    }));
    await server.stop();
    if (wrong.length) throw new Error(`${wrong.length} faults:\n${wrong.join("\n")}`);
  });
}

test("looks: what opens on a page", async ({ browser }) => {
  const { server, paths } = await scene("hostile");
  const tab = await visit(browser, server);
  const { page, go, faults } = tab;
  const queue = paths.find((path) => path.startsWith("/queues/"));
  const opens = {
    "/": [() => page.locator(".menu summary").click(), () => page.keyboard.press("?")],
    [queue]: [() => page.locator(".confirm summary").click()],
    [paths.find((path) => path.startsWith("/jobs/jid"))]: [() => page.locator("details.raw summary").first().click()],
  };
  const wrong = [];
  for (const [path, actions] of Object.entries(opens)) {
    for (const [language, theme] of [["en", "light"], ["ar", "dark"]]) {
      for (const width of [WIDTHS[0], WIDTHS[2]]) {
        for (const open of actions) {
          await page.setViewportSize({ width, height: 900 });
          await go(`${path}?lang=${language}&theme=${theme}`);
          await open();
          await page.evaluate(AXE);
          for (const found of [...await violations(page), ...await overflow(page)]) wrong.push(`${path} ${language} ${width}: ${found}`);
        }
      }
    }
  }
  await tab.context.close();
  await server.stop();
  if (wrong.length || faults.length) throw new Error([...wrong, ...faults].join("\n"));
});
