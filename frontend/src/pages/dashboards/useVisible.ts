import { type RefObject, useEffect, useState } from "react";

const MARGIN = "300px";

/** Whether an element is in sight, or about to come into it. */
export function useVisible(element: RefObject<HTMLElement | null>): boolean {
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    const found = element.current;
    if (!found) return;
    const observer = new IntersectionObserver(
      (entries) => setVisible(entries.at(-1)?.isIntersecting ?? false),
      // The margin counts from what scrolls.
      { root: found.closest("main"), rootMargin: MARGIN },
    );
    observer.observe(found);
    return () => observer.disconnect();
  }, [element]);
  return visible;
}
