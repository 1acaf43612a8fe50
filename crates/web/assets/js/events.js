// One stream of events while somebody looks; none while the tab is hidden, and none where there is no room for one.

const RETRY_MS = 60000;

const address = document.body.dataset.events;
let source = null;
let again = 0;

/** Opens the stream. `tell` gets the numbers when they change; `is` says whether the stream is open. */
export function listen(tell, is) {
  close();
  if (document.hidden || !globalThis.EventSource) return;
  source = new EventSource(address);
  source.addEventListener("open", () => is(true));
  source.addEventListener("numbers", (event) => tell(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    is(false);
    // The browser tries again by itself, unless it was refused.
    if (source?.readyState === EventSource.CLOSED) again = setTimeout(() => listen(tell, is), RETRY_MS);
  });
}

export function close() {
  clearTimeout(again);
  source?.close();
  source = null;
}
