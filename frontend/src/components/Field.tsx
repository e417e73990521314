import { type ReactNode, useId } from "react";

import styles from "./Field.module.css";

/** What a control inside of a field must carry, so that its label and its error belong to it. */
export interface ControlProps {
  id: string;
  "aria-invalid": boolean;
  "aria-describedby": string | undefined;
}

interface Props {
  label: string;
  unit?: string | undefined;
  hint?: ReactNode;
  error?: string | undefined;
  children: (control: ControlProps) => ReactNode;
}

/** A control with its name, its unit, what to know about it, and what is wrong with it. */
export function Field({ label, unit, hint, error, children }: Props) {
  const id = useId();
  const said = error ?? hint;
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={styles.label}>
        {label} {unit && <span className={styles.unit}>· {unit}</span>}
      </label>
      {children({
        id,
        "aria-invalid": error !== undefined,
        "aria-describedby": said ? `${id}-said` : undefined,
      })}
      {said && (
        <span id={`${id}-said`} className={error ? styles.error : styles.hint}>
          {said}
        </span>
      )}
    </div>
  );
}

interface UtcProps extends Pick<Props, "label" | "error"> {
  /** As `datetime-local` has it. */
  value: string;
  change: (value: string) => void;
  leave?: () => void;
}

/** A moment to the second, in UTC as the ticks are. */
export function UtcField({ label, error, value, change, leave }: UtcProps) {
  return (
    <Field label={label} unit="UTC" error={error}>
      {(control) => (
        <input
          {...control}
          type="datetime-local"
          step="1"
          value={value}
          onChange={(event) => change(event.target.value)}
          onBlur={leave}
        />
      )}
    </Field>
  );
}
