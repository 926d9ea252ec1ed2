// Requests to the studio, and the events that it sends. Every answer is JSON; an error is one sentence.
export class StudioError extends Error {
  constructor(message, status) { super(message); this.status = status; }
}

const LOST = "The studio does not answer. If it has ended, start it again and open the address that it prints.";
const OTHER = "The studio was started again. Open the address that it printed.";

export async function ask(path, { method = "GET", body, raw } = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method, body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
    });
  } catch {
    throw new StudioError(LOST, 0);
  }
  if (answer.status === 403) throw new StudioError(OTHER, 403);
  const text = await answer.text();
  let value = {};
  try { value = JSON.parse(text); } catch { value = { error: text }; }
  if (!answer.ok) throw new StudioError(value.error ?? LOST, answer.status);
  return value;
}

// Calls handlers[kind](value) for each event, and onOpen() whenever the connection is there (again).
export function listen(handlers, onOpen, onLost) {
  let source = null;
  const connect = () => {
    source = new EventSource("/api/events");
    source.onopen = onOpen;
    for (const [kind, handle] of Object.entries(handlers)) {
      source.addEventListener(kind, (event) => handle(JSON.parse(event.data)));
    }
    source.onerror = () => {
      source.close();
      onLost(LOST);
      setTimeout(retry, 1500);
    };
  };
  // The browser gives up for good after some errors, so the page asks by itself until there is an answer.
  const retry = async () => {
    try {
      await ask("/api/takes");
      connect();
    } catch (error) {
      onLost(error.message);
      if (error.status !== 403) setTimeout(retry, 2000);
    }
  };
  connect();
  addEventListener("pagehide", () => source.close());
}
