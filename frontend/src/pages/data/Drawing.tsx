import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef } from "react";

import { Button } from "../../components/Button";
import { Panel } from "../../components/Panel";
import { Progress } from "../../components/Progress";
import { Failed, Loading } from "../../components/states";
import { count } from "../../lib/format";
import { DRAWINGS } from "../../ticks/kinds";
import type { Drawn, Loaded } from "../../ticks/protocol";
import { useTicks } from "../../ticks/useTicks";
import { moved, seen, type Span, written, zoomed } from "./moves";
import { Cut, Said } from "./Said";
import styles from "./TicksPage.module.css";

const route = getRouteApi("/data/ticks");
// uPlot is loaded while the ticks are.
const TickChart = lazy(() => import("../../ticks/TickChart"));

const DEFAULT_PRECISION = 5;

interface Props {
  instrument: string;
  precision: number | undefined;
}

/** The ticks of the window in the address, and what is seen of them. */
export function Drawing({ instrument, precision = DEFAULT_PRECISION }: Props) {
  const { kind, bar_type, start, end, limit, from, to } = route.useSearch();
  const navigate = route.useNavigate();
  const ticks = useTicks({ instrument, kind, bar_type, start, end, limit });
  const { loaded, view, progress, error, show } = ticks;
  const drawing = DRAWINGS[kind];
  const pixels = useRef(0);
  const wanted = useMemo(() => (from && to ? seen(NOWHERE, { from, to }) : null), [from, to]);
  const whole = loaded ?? NOWHERE;
  const span = wanted ?? whole;

  const onWidth = useCallback(
    (width: number) => {
      pixels.current = width;
      show(wanted, width);
    },
    [show, wanted],
  );
  // What is asked for before anything has arrived is asked again when it has.
  useEffect(() => show(wanted, pixels.current), [show, wanted, ticks.began]);

  const look = (next: Span) =>
    void navigate({ search: (now) => ({ ...now, ...written(next, whole) }), replace: true });
  const all = () =>
    void navigate({
      search: (now) => ({ ...now, from: undefined, to: undefined }),
      replace: true,
    });

  return (
    <Panel
      title={`${drawing.many.charAt(0).toUpperCase()}${drawing.many.slice(1)}`}
      note="drag to zoom, click twice for all"
      tools={loaded && <Moves span={span} whole={whole} look={look} all={all} />}
      className={styles.drawing}
    >
      {progress && <Arriving {...progress} many={drawing.many} />}
      {error && <Failed error={error} retry={ticks.retry} />}
      {loaded && <Cut loaded={loaded} many={drawing.many} />}
      {!(error && !view) && (
        <Suspense fallback={<Loading what="the chart" lines={4} />}>
          <TickChart
            label={`${drawing.many} of ${instrument} over time`}
            drawing={drawing}
            view={view}
            precision={precision}
            onZoom={(start, end) => look({ from: start, to: end })}
            onZoomOut={all}
            onWidth={onWidth}
            onDrawn={(shown) => measure(shown, loaded, ticks.began)}
          />
        </Suspense>
      )}
      {loaded && view && <Said view={view} loaded={loaded} drawing={drawing} />}
    </Panel>
  );
}

const NOWHERE: Span = { from: 0, to: 0 };

interface ArrivingProps {
  rows: number;
  expected: number;
  many: string;
}

function Arriving({ rows, expected, many }: ArrivingProps) {
  const known = expected > 0;
  return (
    <div className={styles.arriving} role="status">
      <span>{known ? `${count(rows)} of ${count(expected)} ${many}` : `Asking for ${many}`}</span>
      <Progress label={`${many} that have arrived`} value={known ? rows / expected : null} />
    </div>
  );
}

interface MovesProps {
  span: Span;
  whole: Span;
  look: (span: Span) => void;
  all: () => void;
}

/** What the mouse does, for those who use none. */
function Moves({ span, whole, look, all }: MovesProps) {
  const isAll = span.from <= whole.from && span.to >= whole.to;
  return (
    <div className={styles.moves} role="group" aria-label="What is seen">
      <Button
        small
        aria-label="Earlier"
        disabled={span.from <= whole.from}
        onClick={() => look(moved(span, -0.5, whole))}
      >
        ←
      </Button>
      <Button
        small
        aria-label="Later"
        disabled={span.to >= whole.to}
        onClick={() => look(moved(span, 0.5, whole))}
      >
        →
      </Button>
      <Button small aria-label="Zoom in" onClick={() => look(zoomed(span, 0.5, whole))}>
        +
      </Button>
      <Button
        small
        aria-label="Zoom out"
        disabled={isAll}
        onClick={() => look(zoomed(span, 2, whole))}
      >
        −
      </Button>
      <Button small disabled={isAll} onClick={all}>
        All
      </Button>
    </div>
  );
}

/** Told once a load, when all of it is on the canvas; tests and benchmarks read it. */
let measured = -1;

function measure(view: Drawn, loaded: Loaded | null, began: number): void {
  if (!view.whole || !loaded || measured === began) return;
  measured = began;
  performance.measure("ticks-drawn", {
    start: began,
    detail: { rows: loaded.rows, inWindow: loaded.inWindow, points: view.times.length },
  });
}
