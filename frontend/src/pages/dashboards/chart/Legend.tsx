import { calcTitle, reduced } from "../../../grafana/reduce";
import type { Line } from "../../../grafana/series";
import { inUnit } from "../../../grafana/units";
import { keysOf } from "../../../lib/keysOf";
import styles from "./Legend.module.css";
import { seriesToken } from "./lines";

interface Props {
  lines: readonly Line[];
  calcs: readonly string[];
  unit: string | undefined;
  /** The name of what is shown alone. */
  only: string | null;
  setOnly: (only: string | null) => void;
}

/** The lines of a chart with their values; a click shows one alone. */
export function Legend({ lines, calcs, unit, only, setOnly }: Props) {
  const keys = keysOf(lines.map(({ label }) => label));
  return (
    // It scrolls where there are many lines.
    <div className={styles.legend} tabIndex={lines.length > 3 ? 0 : undefined}>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span className="visually-hidden">line</span>
            </th>
            {calcs.map((calc) => (
              <th key={calc} scope="col">
                {calcTitle(calc)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(({ label, values }, place) => (
            <tr
              key={keys[place]}
              className={only !== null && only !== label ? styles.off : undefined}
            >
              <th scope="row">
                <button
                  type="button"
                  aria-pressed={only === label}
                  title={label}
                  onClick={() => setOnly(only === label ? null : label)}
                >
                  <span style={{ background: `var(--${seriesToken(place)})` }} />
                  {label}
                </button>
              </th>
              {calcs.map((calc) => (
                <td key={calc}>{inUnit(reduced(calc, values), unit)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
