/** Server-sent events that are listened to until told otherwise: a stream that breaks is opened anew. */

import { reportAnswer, reportSilence } from "./reachability";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

interface Listener<T> {
  hear: (message: T) => void;
  /** The stream broke; it is opened again soon. */
  onBreak?: () => void;
}

/** Listen to events named `name`, whose data is JSON. Call the result to stop. */
export function listen<T>(address: string, name: string, listener: Listener<T>): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_WAIT_MS;

  function open(): void {
    source = new EventSource(address);
    source.addEventListener(name, (event: MessageEvent<string>) => {
      wait = FIRST_WAIT_MS;
      reportAnswer();
      listener.hear(JSON.parse(event.data) as T);
    });
    source.onerror = () => {
      // Browsers open it again themselves, but not after every failure, and without patience.
      source?.close();
      reportSilence();
      listener.onBreak?.();
      timer = setTimeout(open, wait);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    };
  }

  open();
  return () => {
    source?.close();
    clearTimeout(timer);
  };
}
