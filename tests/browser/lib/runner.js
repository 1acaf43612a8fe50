// Runs tests, a few at a time, and says how many held.
const WITHIN_MS = 300000;

const tests = [];

/** A test: what holds, and what shows it. */
export function test(name, run) {
  tests.push({ name, run });
}

/** Waits until something holds; `ask` is asked again until it gives something true. */
export async function until(what, ask, withinMs = 30000, everyMs = 50) {
  const end = Date.now() + withinMs;
  for (;;) {
    const found = await ask();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

async function within(run, given) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took more than ${WITHIN_MS / 1000} s`)), WITHIN_MS);
  });
  try {
    await Promise.race([run(given), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs those whose name matches. Gives whether all held. */
export async function runAll(pattern, atATime, given) {
  const waiting = tests.filter((one) => pattern.test(one.name));
  let [passed, failed] = [0, 0];
  const work = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      const start = Date.now();
      try {
        await within(one.run, given);
        passed += 1;
        console.log(`ok      ${one.name} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
      } catch (error) {
        failed += 1;
        console.log(`FAILED  ${one.name}\n${error.stack ?? error}`);
      }
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
  console.log(`browser tests: ${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
}
