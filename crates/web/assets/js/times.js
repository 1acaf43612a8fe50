// Times in the reader's zone and language, and how far they are from now.

const said = document.body.dataset;
const language = document.documentElement.lang;
const [second, minute, hour, day] = said.units.split("|");
const skew = Date.parse(said.now) - Date.now();

const exact = new Intl.DateTimeFormat(language, {
  year: "numeric", month: "short", day: "numeric",
  hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
});
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const minuteOfDay = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const date = new Intl.DateTimeFormat(language, { month: "short", day: "numeric" });
const numbers = new Intl.NumberFormat(language, { numberingSystem: "latn" });

/** A span in seconds, as the server writes it. */
function span(seconds) {
  const part = (count, unit) => numbers.format(Math.floor(count)) + unit;
  if (seconds < 60) return part(seconds, second);
  if (seconds < 3600) return part(seconds / 60, minute);
  if (seconds < 86400) {
    const minutes = Math.floor((seconds % 3600) / 60);
    return part(seconds / 3600, hour) + (minutes ? " " + part(minutes, minute) : "");
  }
  return part(seconds / 86400, day);
}

function distance(at) {
  const seconds = (Date.now() + skew - at) / 1000;
  if (Math.abs(seconds) < 1) return said.justNow;
  return (seconds > 0 ? said.ago : said.ahead).replace("{time}", span(Math.abs(seconds)));
}

/** Rewrites the times in a part of the page. The title tells the exact one, in the reader's zone and in UTC. */
export function showTimes(part) {
  for (const time of part.querySelectorAll("time[datetime]")) {
    const at = Date.parse(time.dateTime);
    if (Number.isNaN(at)) continue;
    if (!time.dataset.utc) {
      time.dataset.utc = time.title;
      time.title = exact.format(at) + " \u00b7 " + time.title;
    }
    let text = exact.format(at);
    if ("distance" in time.dataset) text = distance(at);
    if ("clock" in time.dataset) text = clock.format(at);
    if ("minute" in time.dataset) text = minuteOfDay.format(at);
    if ("date" in time.dataset) text = date.format(at);
    if (time.textContent !== text) time.textContent = text;
  }
}
