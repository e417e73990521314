/** The form: checked at each field as it is left, and again by the service. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";

import { api, content } from "../../api/client";
import { ApiError } from "../../api/problem";
import type { BacktestRequest, Strategy } from "../../api/types";
import { Button } from "../../components/Button";
import { Field } from "../../components/Field";
import styles from "./FormPanel.module.css";
import { canRun, type Offer } from "./offers";
import { ParameterField } from "./ParameterField";
import { parametersOf } from "./parameters";
import { complaintsAbout, type Complaints, type Draft, requestOf, textOf } from "./request";
import { VenueFields } from "./VenueFields";
import { WindowFields } from "./WindowFields";

interface Props {
  offers: readonly Offer[];
  strategies: readonly Strategy[];
  initial: Draft;
}

const NONE: readonly string[] = [];

export function BacktestForm({ offers, strategies, initial }: Props) {
  const [draft, setDraft] = useState(initial);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set(NONE));
  const strategy = strategies.find((one) => one.name === draft.strategy);
  const parameters = useMemo(
    () => (strategy ? parametersOf(strategy.params_schema) : []),
    [strategy],
  );
  const start = useStart();
  const own = complaintsAbout(draft, parameters);
  const refused: Complaints = start.error instanceof ApiError ? start.error.fields : {};
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
  function submit(): void {
    setLeft(new Set(Object.keys(own)));
    if (!Object.keys(own).length) start.mutate(requestOf(draft, parameters));
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
              value={textOf(draft, one)}
              error={error(`params.${one.name}`)}
              onChange={(text) => change({ params: { ...draft.params, [one.name]: text } })}
              onLeave={() => leave(`params.${one.name}`)}
            />
          ))}
        </fieldset>
      )}
      <VenueFields draft={draft} change={change} error={error} />
      <div className={styles.submit}>
        <Button kind="primary" type="submit" disabled={start.isPending}>
          {start.isPending ? "Starting" : "Run backtest"}
        </Button>
        <div aria-live="polite">
          {unplaced && <p className={styles.error}>{start.error.message}</p>}
          {Object.keys(own).length > 0 && left.size > 0 && (
            <p className={styles.error}>Mend the marked fields first.</p>
          )}
          {start.data && (
            <p>
              Started{" "}
              <Link to="/runs/$runId" params={{ runId: start.data.run_id }} className="mono">
                {start.data.run_id}
              </Link>
            </p>
          )}
        </div>
      </div>
    </form>
  );
}

/** Starts a backtest; the list of what runs is asked anew. */
function useStart() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (body: BacktestRequest) => {
      const started = await content(api.POST("/api/backtest/run", { body }));
      return { run_id: started.run_id };
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ["jobs", "active"] }),
  });
}

const DRAWN = [
  "instrument_id",
  "kind",
  "bar_type",
  "start",
  "end",
  "strategy",
  "starting_balances",
];

/** Whether every field that the service names is drawn, so that its words stand there. */
function isPlaced(refused: Complaints, parameters: readonly string[]): boolean {
  const drawn = new Set([...DRAWN, ...parameters.map((name) => `params.${name}`)]);
  const named = Object.keys(refused);
  return named.length > 0 && named.every((field) => drawn.has(field));
}
