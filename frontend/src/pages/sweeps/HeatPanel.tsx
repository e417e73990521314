import { useMemo, useState } from "react";

import type { Sweep } from "../../api/types";
import { Panel } from "../../components/Panel";
import { Empty } from "../../components/states";
import { FIGURE_NAMES, type FigureName, FIGURES, figureNamed, figureText } from "./figures";
import styles from "./Heat.module.css";
import { heatOf, type Held, textOf, type Value, variedOf } from "./heat";
import { HeatMap } from "./HeatMap";
import type { SweepSearch } from "./search";

interface Props {
  sweep: Sweep;
  search: SweepSearch;
  change: (changed: SweepSearch) => void;
}

/** The sweep as a map of two of its parameters, whose axes and figure are in the address. */
export function HeatPanel({ sweep, search, change }: Props) {
  const [held, setHeld] = useState<Held>({});
  const varied = useMemo(() => variedOf(sweep.runs), [sweep.runs]);
  const names = [...varied.keys()];
  const figure = figureNamed(search.figure) ?? sweep.request.objective;
  const x = names.find((name) => name === search.x) ?? names[0];
  const rest = names.filter((name) => name !== x);
  const y = rest.find((name) => name === search.y) ?? rest[0];
  const others = rest.filter((name) => name !== y);
  if (x === undefined) {
    return (
      <Panel title="Map">
        <Empty>No parameter varies in this sweep.</Empty>
      </Panel>
    );
  }
  const used = Object.entries(held).filter(([name]) => others.includes(name));
  const heat = heatOf(sweep.runs, x, y, figure, Object.fromEntries(used));
  const hold = (name: string, text: string) => {
    const rest = Object.entries(held).filter(([other]) => other !== name);
    setHeld(Object.fromEntries(text ? [...rest, [name, text]] : rest));
  };
  return (
    <Panel title="Map">
      <div className={styles.controls}>
        <Choice
          label="Across"
          value={x}
          options={names}
          onChange={(name) => change(name === y ? { x: name, y: x } : { x: name })}
        />
        {y !== undefined && (
          <Choice label="Down" value={y} options={rest} onChange={(name) => change({ y: name })} />
        )}
        <Choice
          label="Figure"
          value={figure}
          options={FIGURE_NAMES}
          titles={(name) => FIGURES[name as FigureName].title}
          onChange={(name) => change({ figure: name })}
        />
        {others.map((name) => (
          <Choice
            key={name}
            label={name}
            value={held[name] ?? ""}
            options={["", ...(varied.get(name) ?? []).map((value: Value) => textOf(value))]}
            titles={(text) => text || "the best of all"}
            onChange={(text) => hold(name, text)}
          />
        ))}
      </div>
      <HeatMap heat={heat} x={x} y={y} figure={figure} best={sweep.best} />
      {heat.low !== null && (
        <div className={styles.legend}>
          <span>{figureText(heat.low, figure)}</span>
          <span className={styles.ramp} aria-hidden />
          <span>{figureText(heat.high, figure)}</span>
          {sweep.best && (
            <span className="muted">
              <span className={styles.outlined} aria-hidden /> best by{" "}
              {FIGURES[sweep.request.objective].title}
            </span>
          )}
        </div>
      )}
    </Panel>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: readonly string[];
  titles?: (option: string) => string;
  onChange: (value: string) => void;
}

function Choice({ label, value, options, titles = (text) => text, onChange }: ChoiceProps) {
  return (
    <label className={styles.choice}>
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map((one) => (
          <option key={one} value={one}>
            {titles(one)}
          </option>
        ))}
      </select>
    </label>
  );
}
