import { Field } from "../../components/Field";
import { count } from "../../lib/format";
import styles from "./FormPanel.module.css";
import { valuesIn } from "./grid";
import type { Parameter } from "./parameters";

interface Props {
  parameter: Parameter;
  value: string;
  error: string | undefined;
  /** Several values may be given. */
  sweep?: boolean;
  onChange: (text: string) => void;
  onLeave: () => void;
}

/** One parameter of a strategy, drawn as its schema asks. */
export function ParameterField(props: Props) {
  const { parameter, value, error, sweep = false, onChange, onLeave } = props;
  const { label, unit, hint, kind, choices, optional } = parameter;
  const options = kind === "flag" ? ["true", "false"] : choices;
  if (sweep && options.length) return <Several {...props} options={options} />;
  const values = sweep ? valuesIn(parameter, value).texts.length : 1;
  const said = values > 1 ? `${count(values)} values` : unit;
  return (
    <Field label={label} unit={said} hint={hint} error={error}>
      {(control) =>
        options.length ? (
          <select {...control} value={value} onChange={(event) => onChange(event.target.value)}>
            {optional && <option value="">none</option>}
            {options.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        ) : (
          <input
            {...control}
            inputMode={kind === "text" || sweep ? "text" : "decimal"}
            placeholder={optional ? "none" : sweep ? "5, 10 or 5 to 50 step 5" : undefined}
            autoComplete="off"
            value={value}
            onChange={(event) => onChange(event.target.value)}
            onBlur={onLeave}
          />
        )
      }
    </Field>
  );
}

/** A choice of which any number may be taken; the text is a list of them. */
function Several({
  parameter,
  value,
  error,
  onChange,
  options,
}: Props & { options: readonly string[] }) {
  const chosen = value.split(",").map((one) => one.trim());
  const toggle = (option: string, on: boolean) =>
    onChange(options.filter((one) => (one === option ? on : chosen.includes(one))).join(", "));
  return (
    <fieldset className={styles.several}>
      <legend>{parameter.label}</legend>
      {options.map((one) => (
        <label key={one} className={styles.check}>
          <input
            type="checkbox"
            checked={chosen.includes(one)}
            onChange={(event) => toggle(one, event.target.checked)}
          />{" "}
          {one}
        </label>
      ))}
      {error && <p className={styles.error}>{error}</p>}
    </fieldset>
  );
}
