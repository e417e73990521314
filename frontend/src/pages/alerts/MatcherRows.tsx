import { Button } from "../../components/Button";
import { Field } from "../../components/Field";
import { MOST_MATCHERS, OPERATORS, type Problems, type Row } from "./silence";
import styles from "./Silences.module.css";

interface Props {
  rows: readonly Row[];
  problems: Problems;
  onChange: (rows: Row[]) => void;
}

/** Which alerts: all whose labels fit every row. */
export function MatcherRows({ rows, problems, onChange }: Props) {
  const set = (place: number, changed: Partial<Row>) =>
    onChange(rows.map((row, other) => (other === place ? { ...row, ...changed } : row)));
  return (
    <fieldset className={styles.rows}>
      <legend>Alerts whose labels fit all of these</legend>
      {rows.map((row, place) => (
        <div key={place} className={styles.row}>
          <Field label="Label" error={problems[`matchers.${place}.name`]}>
            {(control) => (
              <input
                {...control}
                value={row.name}
                spellCheck={false}
                autoCapitalize="off"
                onChange={(event) => set(place, { name: event.target.value })}
              />
            )}
          </Field>
          <Field label="Is">
            {(control) => (
              <select
                {...control}
                value={row.operator}
                onChange={(event) => {
                  const operator = OPERATORS.find((one) => one === event.target.value);
                  if (operator) set(place, { operator });
                }}
              >
                {OPERATORS.map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </select>
            )}
          </Field>
          <Field label="Value" error={problems[`matchers.${place}.value`]}>
            {(control) => (
              <input
                {...control}
                value={row.value}
                spellCheck={false}
                autoCapitalize="off"
                onChange={(event) => set(place, { value: event.target.value })}
              />
            )}
          </Field>
          <Button
            className={styles.remove}
            aria-label={`Leave out ${row.name || "this label"}`}
            title="Leave out"
            onClick={() => onChange(rows.filter((_, other) => other !== place))}
          >
            ×
          </Button>
        </div>
      ))}
      {problems.matchers && (
        <p className={styles.error} role="alert">
          {problems.matchers}
        </p>
      )}
      <div>
        <Button
          small
          disabled={rows.length >= MOST_MATCHERS}
          onClick={() => onChange([...rows, { name: "", operator: "=", value: "" }])}
        >
          Add a label
        </Button>
      </div>
    </fieldset>
  );
}
