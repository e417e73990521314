import { useState } from "react";

import { Choice } from "../../components/Choice";
import styles from "./AlertsPage.module.css";
import { type AlertsSearch, SEVERITIES, STATES } from "./search";

interface Props {
  value: AlertsSearch;
  onChange: (changed: AlertsSearch) => void;
}

export function Filters({ value, onChange }: Props) {
  // The address comes a frame later than a letter: while somebody types, it has no say.
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <div className={styles.filters} role="search" aria-label="Alerts">
      <input
        type="search"
        aria-label="Words that alerts hold"
        placeholder="Name, label or text"
        value={typed ?? value.q ?? ""}
        onChange={({ target }) => {
          setTyped(target.value);
          onChange({ q: target.value || undefined });
        }}
        onBlur={() => setTyped(null)}
      />
      <Choice
        label="Severity"
        options={SEVERITIES}
        value={value.severity}
        onChange={(severity) => onChange({ severity })}
      />
      <Choice
        label="State"
        options={STATES}
        value={value.state}
        onChange={(state) => onChange({ state })}
      />
    </div>
  );
}
