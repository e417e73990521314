import { type RefObject, useLayoutEffect, useState } from "react";

/** Width of an element in pixels, kept current; 0 before it is drawn. */
export function useWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const found = element.current;
    if (!found) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.round(entry.contentRect.width));
    });
    // The first look comes before anything is drawn, lest all columns flash.
    // eslint-disable-next-line react-hooks/set-state-in-effect -- it reads what was laid out
    setWidth(Math.round(found.clientWidth));
    observer.observe(found);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
