import { Field } from "../../components/Field";
import styles from "./FormPanel.module.css";
import type { Draft } from "./request";

interface Props {
  draft: Draft;
  change: (changed: Partial<Draft>) => void;
  error: (field: string) => string | undefined;
}

/** How the simulated venue behaves; seldom changed, so folded away. */
export function VenueFields({ draft, change, error }: Props) {
  return (
    <details className={styles.more}>
      <summary>Venue and balances</summary>
      <div>
        <Field
          label="Starting balances"
          hint="Such as 1_000_000 USD; several with commas between"
          error={error("starting_balances")}
        >
          {(control) => (
            <input
              {...control}
              autoComplete="off"
              placeholder="the instrument's usual"
              value={draft.starting_balances}
              onChange={(event) => change({ starting_balances: event.target.value })}
            />
          )}
        </Field>
        <div className={styles.pair}>
          <Field label="Account" error={error("venue.account_type")}>
            {(control) => (
              <select
                {...control}
                value={draft.account_type}
                onChange={(event) =>
                  change({ account_type: event.target.value as Draft["account_type"] })
                }
              >
                <option>MARGIN</option>
                <option>CASH</option>
              </select>
            )}
          </Field>
          <Field label="Positions" error={error("venue.oms_type")}>
            {(control) => (
              <select
                {...control}
                value={draft.oms_type}
                onChange={(event) => change({ oms_type: event.target.value as Draft["oms_type"] })}
              >
                <option>NETTING</option>
                <option>HEDGING</option>
              </select>
            )}
          </Field>
        </div>
      </div>
    </details>
  );
}
