/** All of a trace in little: drag to see a part of it in full width. */

import { type PointerEvent, useEffect, useRef, useState } from "react";

import { duration } from "../../lib/format";
import { useWidth } from "../../lib/useWidth";
import { type View, viewOf } from "../../tracing/axis";
import { Button } from "../Button";
import { useDark } from "../chartOptions";
import { paint } from "./paintOverview";
import type { WaterfallState } from "./useWaterfall";
import styles from "./Waterfall.module.css";

const NS = 1e9;
/** Pixels: a shorter drag is a click. */
const LEAST_DRAG = 4;

export function Overview({ state }: { state: WaterfallState }) {
  const { tree, path, colours, view, isZoomed, zoom, length } = state;
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(place);
  const dark = useDark();
  const [drag, setDrag] = useState<View | null>(null);

  useEffect(() => {
    if (canvas.current && width > 0) paint(canvas.current, { tree, path, colours, length, width });
  }, [tree, path, colours, length, width, dark]);

  const momentOf = (event: PointerEvent<HTMLDivElement>) => {
    const { left } = event.currentTarget.getBoundingClientRect();
    return (length * Math.min(width, Math.max(0, event.clientX - left))) / Math.max(1, width);
  };
  const shown = drag ? viewOf(drag.from, drag.to, length) : view;
  return (
    <div className={styles.overview}>
      <div
        ref={place}
        className={styles.picture}
        title="Drag to zoom"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag({ from: momentOf(event), to: momentOf(event) });
        }}
        onPointerMove={(event) => drag && setDrag({ ...drag, to: momentOf(event) })}
        onPointerUp={() => {
          if (drag && (Math.abs(drag.to - drag.from) / length) * width >= LEAST_DRAG) {
            zoom(viewOf(drag.from, drag.to, length));
          }
          setDrag(null);
        }}
        onPointerCancel={() => setDrag(null)}
      >
        <canvas ref={canvas} aria-hidden />
        {(isZoomed || drag) && length > 0 && (
          <div
            className={styles.window}
            style={{
              left: `${(100 * shown.from) / length}%`,
              width: `${(100 * (shown.to - shown.from)) / length}%`,
            }}
          />
        )}
      </div>
      {isZoomed && (
        <p className={styles.zoom}>
          {duration(view.from / NS)} to {duration(view.to / NS)}
          <Button small onClick={() => zoom(null)}>
            Whole trace
          </Button>
        </p>
      )}
    </div>
  );
}
