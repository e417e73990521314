interface Props<T extends string> {
  label: string;
  options: readonly T[];
  value: T | undefined;
  onChange: (value: T | undefined) => void;
}

/** A filter that may be any of some values, or all. */
export function Choice<T extends string>({ label, options, value, onChange }: Props<T>) {
  // A filter of the address stays shown, whatever the lists hold.
  const all = value && !options.includes(value) ? [value, ...options] : options;
  return (
    <select
      aria-label={label}
      value={value ?? ""}
      onChange={(event) => onChange(all.find((one) => one === event.target.value))}
    >
      <option value="">{`${label}: all`}</option>
      {all.map((one) => (
        <option key={one}>{one}</option>
      ))}
    </select>
  );
}
