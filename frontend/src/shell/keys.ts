/** Keys that work everywhere: `/` searches, `g` and a letter goes to a page. */

import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";

import { NAVIGATION } from "./navigation";

const SECOND_KEY_MS = 1_200;
const TYPING = "input, textarea, select, [contenteditable]";
// A field in a closed dialog keeps the focus until the browser draws again.
const UNSEEN = "dialog:not([open])";

export interface Keys {
  openSearch: () => void;
  goTo: (key: string) => boolean;
}

/** A handler of key events that knows which came before. */
export function makeKeyHandler({ openSearch, goTo }: Keys) {
  // When keys were pressed, by the browser; a busy page hears of them later.
  let went = -Infinity;
  return (event: KeyboardEvent): void => {
    const target = event.target as Element | null;
    if (event.ctrlKey || event.metaKey) {
      if (event.key === "k") {
        event.preventDefault();
        openSearch();
      }
      return;
    }
    const typing = target?.closest(TYPING) && !target.closest(UNSEEN);
    if (event.altKey || typing || document.querySelector("dialog[open]")) return;
    if (event.key === "/") {
      event.preventDefault();
      openSearch();
    } else if (event.timeStamp - went < SECOND_KEY_MS && goTo(event.key)) {
      event.preventDefault();
      went = -Infinity;
    } else if (event.key === "g") {
      went = event.timeStamp;
    }
  };
}

export function useKeys(openSearch: () => void): void {
  const navigate = useNavigate();
  useEffect(() => {
    const handler = makeKeyHandler({
      openSearch,
      goTo: (key) => {
        const item = NAVIGATION.find((one) => one.key === key);
        if (item) void navigate({ to: item.to });
        return item !== undefined;
      },
    });
    document.addEventListener("keydown", handler);
    return () => document.removeEventListener("keydown", handler);
  }, [navigate, openSearch]);
}
