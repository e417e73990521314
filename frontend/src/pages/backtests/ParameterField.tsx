import { Field } from "../../components/Field";
import type { Parameter } from "./parameters";

interface Props {
  parameter: Parameter;
  value: string;
  error: string | undefined;
  onChange: (text: string) => void;
  onLeave: () => void;
}

/** One parameter of a strategy, drawn as its schema asks. */
export function ParameterField({ parameter, value, error, onChange, onLeave }: Props) {
  const { label, unit, hint, kind, choices, optional } = parameter;
  const options = kind === "flag" ? ["true", "false"] : choices;
  return (
    <Field label={label} unit={unit} hint={hint} error={error}>
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
            inputMode={kind === "text" ? "text" : "decimal"}
            placeholder={optional ? "none" : undefined}
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
