import { type SyntheticEvent, useState } from "react";

import { absolute, isLive, shifted, type TextRange, widened, type Window } from "../grafana/range";
import { local, utc } from "../lib/time";
import { Button } from "./Button";
import { Menu } from "./Menu";
import styles from "./TimeRange.module.css";
import tool from "./toolField.module.css";

const QUICK: readonly (readonly [string, string])[] = [
  ["now-5m", "last 5 minutes"],
  ["now-15m", "last 15 minutes"],
  ["now-30m", "last 30 minutes"],
  ["now-1h", "last hour"],
  ["now-3h", "last 3 hours"],
  ["now-6h", "last 6 hours"],
  ["now-12h", "last 12 hours"],
  ["now-24h", "last 24 hours"],
  ["now-2d", "last 2 days"],
  ["now-7d", "last 7 days"],
];

interface Props {
  /** As the address holds it. */
  range: TextRange;
  /** What it is now. */
  window: Window;
  change: (changed: TextRange) => void;
}

/** Chooses a time range: a usual one, an exact one, or one before, after or around that is shown. */
export function TimeRange({ range, window, change }: Props) {
  const zoom = (to: Window) => change(absolute(to));
  const quick = range.to === "now" && QUICK.find(([from]) => from === range.from);
  const live = isLive(range);
  // A range that moves with the time is as of when it is looked at.
  const [opened, setOpened] = useState(0);
  const text = quick ? quick[1] : rangeText(window, live, local);
  return (
    <div className={styles.range}>
      <Button aria-label="Earlier" title="Earlier" onClick={() => zoom(shifted(window, -1))}>
        ‹
      </Button>
      <div className={tool.field}>
        <span>Time</span>
        <Menu
          label="Time range"
          text={text}
          title={quick ? undefined : rangeText(window, live, utc)}
          onOpen={() => setOpened((times) => times + 1)}
        >
          <Exact key={`${range.from} ${range.to} ${opened}`} window={window} change={change} />
          {QUICK.map(([from, title]) => (
            <Button key={from} small onClick={() => change({ from, to: "now" })}>
              {title}
            </Button>
          ))}
        </Menu>
      </div>
      <Button aria-label="Later" title="Later" onClick={() => zoom(shifted(window, 1))}>
        ›
      </Button>
      <Button
        aria-label="Zoom out"
        title="Zoom out"
        onClick={() => zoom(widened(window, Date.now() / 1_000))}
      >
        −
      </Button>
    </div>
  );
}

function rangeText({ from, to }: Window, live: boolean, said: (at: Date) => string): string {
  const [first, last] = [from, to].map((seconds) => said(new Date(seconds * 1_000)));
  return `${first ?? ""} – ${live ? "now" : (last ?? "")}`;
}

/** From and to in the user's zone. */
function Exact({ window, change }: Omit<Props, "range">) {
  const [from, setFrom] = useState(() => fieldText(window.from));
  const [to, setTo] = useState(() => fieldText(window.to));
  const chosen = { from: Date.parse(from) / 1_000, to: Date.parse(to) / 1_000 };
  const usable = chosen.from < chosen.to;
  function submit(event: SyntheticEvent): void {
    event.preventDefault();
    if (usable) change(absolute(chosen));
  }
  return (
    <form onSubmit={submit} className={styles.exact}>
      <label className={tool.field}>
        from
        <input
          type="datetime-local"
          step={1}
          value={from}
          onChange={(event) => setFrom(event.target.value)}
        />
      </label>
      <label className={tool.field}>
        to
        <input
          type="datetime-local"
          step={1}
          value={to}
          aria-invalid={!usable}
          onChange={(event) => setTo(event.target.value)}
        />
      </label>
      <Button type="submit" small kind="primary" disabled={!usable}>
        Show
      </Button>
    </form>
  );
}

/** What such a field holds: `2024-01-15T09:30:00`, in the user's zone. */
function fieldText(seconds: number): string {
  const moment = new Date(seconds * 1_000);
  const zoned = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
  return zoned.toISOString().slice(0, 19);
}
