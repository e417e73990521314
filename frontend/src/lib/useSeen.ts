import { type RefObject, useEffect, useState } from "react";

const MARGIN = "300px";

/** Whether an element has been in sight, or nearly; it stays so. */
export function useSeen(element: RefObject<HTMLElement | null>): boolean {
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    const found = element.current;
    if (!found || isSeen) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setSeen(true);
      },
      // The margin counts from what scrolls.
      { root: found.closest("main"), rootMargin: MARGIN },
    );
    observer.observe(found);
    return () => observer.disconnect();
  }, [element, isSeen]);
  return isSeen;
}
