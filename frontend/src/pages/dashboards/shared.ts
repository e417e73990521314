/** Requests that several panels make at once are made once, and stop when nobody waits any more. */

interface Flight {
  answer: Promise<unknown>;
  stop: AbortController;
  waiting: number;
}

const flights = new Map<string, Flight>();

/** What `start` gives; calls with the same key meanwhile get the same. */
export function shared<T>(
  key: string,
  signal: AbortSignal,
  start: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let flight = flights.get(key);
  if (!flight) {
    const stop = new AbortController();
    const own: Flight = { answer: start(stop.signal), stop, waiting: 0 };
    const forget = () => {
      if (flights.get(key) === own) flights.delete(key);
    };
    own.answer.then(forget, forget);
    flights.set(key, own);
    flight = own;
  }
  return waitFor(key, flight, signal) as Promise<T>;
}

function waitFor(key: string, flight: Flight, signal: AbortSignal): Promise<unknown> {
  flight.waiting += 1;
  return new Promise((resolve, reject) => {
    const leave = () => {
      flight.waiting -= 1;
      reject(new DOMException("nobody waits", "AbortError"));
      if (flight.waiting > 0) return;
      flights.delete(key);
      flight.stop.abort();
    };
    if (signal.aborted) {
      leave();
      return;
    }
    signal.addEventListener("abort", leave, { once: true });
    const done = () => signal.removeEventListener("abort", leave);
    flight.answer.then(resolve, reject).finally(done);
  });
}
