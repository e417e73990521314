import { Field } from "../../components/Field";
import { count } from "../../lib/format";
import { FIGURES, OBJECTIVES } from "../sweeps/figures";
import styles from "./FormPanel.module.css";
import type { SweepOptions } from "./grid";

interface Props {
  options: SweepOptions;
  change: (changed: Partial<SweepOptions>) => void;
  /** Combinations of all values. */
  runs: number;
  error: string | undefined;
}

/** What a sweep has besides its values: what its best is chosen by, and how many runs it will be. */
export function SweepFields({ options, change, runs, error }: Props) {
  return (
    <>
      <Field label="The best is chosen by">
        {(control) => (
          <select
            {...control}
            value={options.objective}
            onChange={(event) => {
              const objective = OBJECTIVES.find((one) => one === event.target.value);
              if (objective) change({ objective });
            }}
          >
            {OBJECTIVES.map((name) => (
              <option key={name} value={name}>
                {FIGURES[name].title}
              </option>
            ))}
          </select>
        )}
      </Field>
      <label className={styles.check}>
        <input
          type="checkbox"
          checked={options.skip_invalid}
          onChange={(event) => change({ skip_invalid: event.target.checked })}
        />{" "}
        leave out combinations that the strategy refuses
      </label>
      <p aria-live="polite" className={error ? styles.error : "muted"}>
        {count(runs)} {runs === 1 ? "combination" : "combinations"}
        {error && `: ${error}`}
      </p>
    </>
  );
}
