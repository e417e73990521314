/** The form: checked at each field as it is left, and again by the service. */

import { useMemo, useState } from "react";

import { ApiError } from "../../api/problem";
import type { Strategy } from "../../api/types";
import { Button } from "../../components/Button";
import { Field } from "../../components/Field";
import styles from "./FormPanel.module.css";
import { combinations, GRID, placed, sweepComplaints, sweepOf, type SweepOptions } from "./grid";
import { canRun, type Offer } from "./offers";
import { ParameterField } from "./ParameterField";
import { parametersOf } from "./parameters";
import { complaintsAbout, type Complaints, type Draft, requestOf, textOf } from "./request";
import { StartedLine } from "./StartedLine";
import { SweepFields } from "./SweepFields";
import { useStart } from "./useStart";
import { VenueFields } from "./VenueFields";
import { WindowFields } from "./WindowFields";

interface Props {
  offers: readonly Offer[];
  strategies: readonly Strategy[];
  initial: Draft;
  /** Several values of parameters are asked for at first. */
  sweep: boolean;
}

const NONE: readonly string[] = [];
const FIRST: SweepOptions = { objective: "pnl", skip_invalid: true };
const MODES = [
  [false, "One run"],
  [true, "Sweep"],
] as const;

export function BacktestForm({ offers, strategies, initial, sweep: asked }: Props) {
  const [sweep, setSweep] = useState(asked);
  const [options, setOptions] = useState(FIRST);
  const [draft, setDraft] = useState(initial);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set(NONE));
  const strategy = strategies.find((one) => one.name === draft.strategy);
  const parameters = useMemo(
    () => (strategy ? parametersOf(strategy.params_schema) : []),
    [strategy],
  );
  const start = useStart();
  const own = (sweep ? sweepComplaints : complaintsAbout)(draft, parameters);
  const refused = placed(start.error instanceof ApiError ? start.error.fields : {});
  const unplaced =
    start.error &&
    !isPlaced(
      refused,
      parameters.map((one) => one.name),
    );

  function change(changed: Partial<Draft>): void {
    setDraft((now) => ({ ...now, ...changed }));
    if (!start.isPending) start.reset();
  }
  function setMode(several: boolean): void {
    setSweep(several);
    setLeft(new Set(NONE));
    start.reset();
  }
  function submit(): void {
    setLeft(new Set(Object.keys(own)));
    if (Object.keys(own).length) return;
    if (sweep) start.mutate({ sweep: sweepOf(draft, parameters, options) });
    else start.mutate({ run: requestOf(draft, parameters) });
  }
  const error = (field: string) => (left.has(field) ? own[field] : undefined) ?? refused[field];
  const leave = (field: string) => setLeft((now) => new Set([...now, field]));

  return (
    <form
      className={styles.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className={styles.mode} role="group" aria-label="What to start">
        {MODES.map(([several, title]) => (
          <Button
            key={title}
            small
            aria-pressed={sweep === several}
            onClick={() => setMode(several)}
          >
            {title}
          </Button>
        ))}
      </div>
      <WindowFields draft={draft} offers={offers} change={change} error={error} leave={leave} />
      <Field label="Strategy" hint={strategy?.description} error={error("strategy")}>
        {(control) => (
          <select
            {...control}
            value={draft.strategy}
            onChange={(event) => change({ strategy: event.target.value, params: {} })}
          >
            {strategies.map((one) => (
              <option key={one.name} value={one.name} disabled={!canRun(one, draft)}>
                {canRun(one, draft) ? one.name : `${one.name} (not on these bars)`}
              </option>
            ))}
          </select>
        )}
      </Field>
      {parameters.length > 0 && (
        <fieldset className={styles.group}>
          <legend>Parameters</legend>
          {parameters.map((one) => (
            <ParameterField
              key={one.name}
              parameter={one}
              sweep={sweep}
              value={textOf(draft, one)}
              error={error(`params.${one.name}`)}
              onChange={(text) => change({ params: { ...draft.params, [one.name]: text } })}
              onLeave={() => leave(`params.${one.name}`)}
            />
          ))}
        </fieldset>
      )}
      {sweep && (
        <SweepFields
          options={options}
          change={(changed) => setOptions((now) => ({ ...now, ...changed }))}
          runs={combinations(draft, parameters)}
          error={error(GRID)}
        />
      )}
      <VenueFields draft={draft} change={change} error={error} />
      <div className={styles.submit}>
        <Button kind="primary" type="submit" disabled={start.isPending}>
          {start.isPending ? "Starting" : sweep ? "Start the sweep" : "Run backtest"}
        </Button>
        <div aria-live="polite">
          {unplaced && <p className={styles.error}>{start.error.message}</p>}
          {Object.keys(own).length > 0 && left.size > 0 && (
            <p className={styles.error}>Mend the marked fields first.</p>
          )}
          {start.data && <StartedLine started={start.data} />}
        </div>
      </div>
    </form>
  );
}

const DRAWN = [
  "instrument_id",
  "kind",
  "bar_type",
  "start",
  "end",
  "strategy",
  "starting_balances",
  GRID,
];

/** Whether every field that the service names is drawn, so that its words stand there. */
function isPlaced(refused: Complaints, parameters: readonly string[]): boolean {
  const drawn = new Set([...DRAWN, ...parameters.map((name) => `params.${name}`)]);
  const named = Object.keys(refused);
  return named.length > 0 && named.every((field) => drawn.has(field));
}
