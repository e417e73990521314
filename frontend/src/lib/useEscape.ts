import { useEffect, useRef } from "react";

const OPEN = "dialog[open], [data-menu][open]";

/**
 * Escape leaves, unless it closes something that is open, or empties a search.
 *
 * It does so when the key is let go: the work that it causes would keep that event waiting, which
 * belongs to the same interaction.
 */
export function useEscape(leave: (() => void) | null): void {
  const pressed = useRef(false);
  useEffect(() => {
    if (!leave) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.repeat) return;
      const { target } = event;
      const empties =
        target instanceof HTMLInputElement && target.type === "search" && target.value !== "";
      pressed.current = !empties && !document.querySelector(OPEN);
    };
    const onKeyUp = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || !pressed.current) return;
      pressed.current = false;
      leave();
    };
    document.addEventListener("keydown", onKeyDown, { capture: true });
    document.addEventListener("keyup", onKeyUp, { capture: true });
    return () => {
      document.removeEventListener("keydown", onKeyDown, { capture: true });
      document.removeEventListener("keyup", onKeyUp, { capture: true });
    };
  });
}
