import { getRouteApi } from "@tanstack/react-router";
import { type SyntheticEvent, useState } from "react";

import { Button } from "../../components/Button";
import { Field, UtcField } from "../../components/Field";
import { count } from "../../lib/format";
import { fromUtcInput, toUtcInput } from "../../lib/time";
import type { Holding } from "./holdings";
import { LIMITS } from "./search";
import styles from "./TicksPage.module.css";

const route = getRouteApi("/data/ticks");
const SECOND = 1_000;

/** Which window is loaded, and how much of it; in UTC, as the ticks are. */
export function WindowForm({ held }: { held: Holding | undefined }) {
  const { instrument, kind, bar_type, start, end } = route.useSearch();
  // Another window in the address is another form.
  const key = [instrument, kind, bar_type, start, end].join(" ");
  return <Fields key={key} held={held} />;
}

function Fields({ held }: { held: Holding | undefined }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  // What is held grows while the catalog is filled: a field follows it until somebody sets it.
  const [setTo, set] = useState<{ start?: string; end?: string }>({});
  const start = setTo.start ?? input(search.start ?? held?.start);
  const end = setTo.end ?? input(search.end ?? held?.end, "up");
  const wrong = { start: complaint(start), end: complaint(end) };
  if (!wrong.start && !wrong.end && end <= start) wrong.end = "must be after the start";

  function submit(event: SyntheticEvent): void {
    event.preventDefault();
    if (wrong.start ?? wrong.end) return;
    const window = { start: fromUtcInput(start) ?? undefined, end: fromUtcInput(end) ?? undefined };
    void navigate({ search: (now) => ({ ...now, ...window, from: undefined, to: undefined }) });
  }

  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      <UtcField
        label="Start"
        error={start || held ? wrong.start : undefined}
        value={start}
        change={(start) => set({ ...setTo, start })}
      />
      <UtcField
        label="End"
        error={end || held ? wrong.end : undefined}
        value={end}
        change={(end) => set({ ...setTo, end })}
      />
      <Field label="At most">
        {(control) => (
          <select
            {...control}
            value={search.limit}
            onChange={(event) =>
              void navigate({
                search: (now) => ({ ...now, limit: Number(event.target.value) }),
              })
            }
          >
            {LIMITS.map((limit) => (
              <option key={limit} value={limit}>
                {count(limit)} rows
              </option>
            ))}
          </select>
        )}
      </Field>
      <div className={styles.buttons}>
        <Button type="submit" kind="primary">
          Load
        </Button>
        <Button
          disabled={!search.start && !search.end}
          onClick={() =>
            void navigate({
              search: ({ instrument, kind, bar_type, limit }) => ({
                instrument,
                kind,
                bar_type,
                limit,
              }),
            })
          }
        >
          Everything
        </Button>
      </div>
    </form>
  );
}

/** Whole seconds; `up` for an end, which must not cut off the last tick. */
function input(time: string | undefined, round?: "up"): string {
  const ms = Date.parse(time ?? "");
  if (Number.isNaN(ms)) return "";
  // What lies below a millisecond is lost in `ms`.
  const more = round === "up" && /\.\d*[1-9]/.test(time ?? "");
  const seconds = Math.floor(ms / SECOND) + (more ? 1 : 0);
  return toUtcInput(new Date(seconds * SECOND));
}

function complaint(text: string): string | undefined {
  return fromUtcInput(text) === null ? "is no date and time" : undefined;
}
