/** What the picture does not show by itself: how much of how much it is. */

import { getRouteApi, Link } from "@tanstack/react-router";

import { Time } from "../../components/Time";
import { count, duration } from "../../lib/format";
import type { Drawing } from "../../ticks/kinds";
import type { Drawn, Loaded } from "../../ticks/protocol";
import { LIMITS } from "./search";
import styles from "./TicksPage.module.css";

const route = getRouteApi("/data/ticks");
const MOST = LIMITS[LIMITS.length - 1] ?? LIMITS[0];

/** The window holds more than was loaded. */
export function Cut({ loaded, many }: { loaded: Loaded; many: string }) {
  const search = route.useSearch();
  const { rows, inWindow, to } = loaded;
  if (rows >= inWindow) return null;
  const next = LIMITS.find((limit) => limit >= inWindow) ?? MOST;
  // The service takes moments to the microsecond, and the last tick may come again.
  const rest = new Date(to * 1_000).toISOString();
  return (
    <p className={styles.cut} role="status">
      <strong>
        The first {count(rows)} of {count(inWindow)} {many}
      </strong>{" "}
      of this window are loaded, up to <Time at={new Date(to * 1_000)} />.{" "}
      {next > search.limit && (
        <Link to="/data/ticks" search={{ ...search, limit: next }}>
          Load {next >= inWindow ? "all" : count(next)}
        </Link>
      )}{" "}
      <Link to="/data/ticks" search={{ ...search, start: rest, from: undefined, to: undefined }}>
        Go on from there
      </Link>
    </p>
  );
}

interface SaidProps {
  view: Drawn;
  loaded: Loaded;
  drawing: Drawing;
}

export function Said({ view, loaded, drawing }: SaidProps) {
  const { inside, times } = view;
  const points = times.length;
  const what = inside === 1 ? drawing.one : drawing.many;
  return (
    <p className={styles.said} role="status">
      {count(inside)} of {count(loaded.rows)} {what} in {duration(view.to - view.from)}
      {points < inside
        ? `, drawn by ${count(points)} of them: first, last, lowest and highest of each pixel`
        : ", each of them drawn"}
      .
    </p>
  );
}
