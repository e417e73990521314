import type { Change, Difference } from "../../api/types";
import { Panel } from "../../components/Panel";
import { Empty } from "../../components/states";
import { bytes, duration, NOTHING, percent, plain } from "../../lib/format";
import { utc } from "../../lib/time";
import styles from "./ComparePage.module.css";

/** Numbers of both runs, and B less A. */
export function DifferencesPanel({ title, rows }: { title: string; rows: readonly Difference[] }) {
  if (!rows.length) return null;
  return (
    <Panel title={title}>
      {/* Focusable, so that it can be scrolled by keys. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={styles.scroll} tabIndex={0} role="group" aria-label={title}>
        <table className={styles.table}>
          <Head names={["A", "B", "B − A", "relative"]} />
          <tbody>
            {rows.map((row) => (
              <tr key={row.name} title={row.undefined ?? undefined}>
                <th scope="row">{nameOf(row.name)}</th>
                <td>{shown(row.a, row.unit)}</td>
                <td>{shown(row.b, row.unit)}</td>
                <td>{signed(row.difference, row.unit)}</td>
                <td className="muted">{row.relative === null ? NOTHING : share(row.relative)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

/** What was said of both runs; what differs comes first, and is marked. */
export function ChangesPanel({ title, rows }: { title: string; rows: readonly Change[] }) {
  const ordered = [...rows].sort((a, b) => Number(a.same) - Number(b.same));
  const changed = rows.filter((row) => !row.same).length;
  return (
    <Panel title={title} note={changed ? `${changed} differ` : "the same"}>
      {rows.length === 0 && <Empty>Nothing was said.</Empty>}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={styles.scroll} tabIndex={0} role="group" aria-label={title}>
        <table className={`${styles.table} ${styles.texts}`}>
          <Head names={["A", "B"]} />
          <tbody>
            {ordered.map((row) => (
              <tr key={row.name} className={row.same ? styles.same : styles.changed}>
                <th scope="row">{nameOf(row.name)}</th>
                <td>{said(row.a)}</td>
                <td>{row.same ? "the same" : said(row.b)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Head({ names }: { names: readonly string[] }) {
  return (
    <thead>
      <tr>
        <th scope="col">
          <span className="visually-hidden">name</span>
        </th>
        {names.map((name) => (
          <th key={name} scope="col">
            {name}
          </th>
        ))}
      </tr>
    </thead>
  );
}

const MOMENT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

function nameOf(name: string): string {
  return name.replaceAll("_", " ").replaceAll(".", " · ");
}

function shown(value: number | null, unit: string): string {
  if (value === null) return NOTHING;
  if (unit === "seconds") return duration(value);
  if (unit === "bytes") return bytes(value);
  if (unit === "fraction") return percent(value, 3);
  return plain(value);
}

function signed(value: number | null, unit: string): string {
  return value !== null && value > 0 ? `+${shown(value, unit)}` : shown(value, unit);
}

function share(relative: number): string {
  return `${relative > 0 ? "+" : ""}${percent(relative, 3)}`;
}

function said(value: unknown): string {
  if (value == null) return "default";
  if (typeof value !== "string") return JSON.stringify(value);
  return MOMENT.test(value) ? utc(new Date(value)) : value;
}
