/** The day it is in the user's zone: what shows the time of today alone is drawn anew by the next. */

import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let today = new Date().toDateString();
let timer: ReturnType<typeof setTimeout> | undefined;

function look(): void {
  const now = new Date();
  const next = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1);
  clearTimeout(timer);
  timer = setTimeout(look, next.getTime() - now.getTime());
  if (today === now.toDateString()) return;
  today = now.toDateString();
  listeners.forEach((tell) => tell());
}

/** One timer for all; a tab that slept looks when it is seen again. */
function subscribe(tell: () => void): () => void {
  if (!listeners.size) {
    document.addEventListener("visibilitychange", look);
    look();
  }
  listeners.add(tell);
  return () => {
    listeners.delete(tell);
    if (listeners.size) return;
    document.removeEventListener("visibilitychange", look);
    clearTimeout(timer);
  };
}

export function useToday(): string {
  return useSyncExternalStore(subscribe, () => today);
}
