import { Button } from "../../components/Button";
import { Field } from "../../components/Field";
import { short } from "../../lib/format";
import { utc } from "../../lib/time";
import styles from "./FormPanel.module.css";
import { type Offer, SPANS, windowOf } from "./offers";
import type { Draft } from "./request";

interface Props {
  draft: Draft;
  offers: readonly Offer[];
  change: (changed: Partial<Draft>) => void;
  error: (field: string) => string | undefined;
  leave: (field: string) => void;
}

/** Which ticks: instrument, kind and the window of time, in UTC as the ticks are. */
export function WindowFields({ draft, offers, change, error, leave }: Props) {
  const key = (one: Pick<Offer, "instrument_id" | "kind">) => `${one.instrument_id} ${one.kind}`;
  const chosen = offers.find((one) => key(one) === key(draft));
  function choose(offer: Offer | undefined): void {
    if (!offer) return;
    const [start, end] = windowOf(offer, 3_600);
    change({ instrument_id: offer.instrument_id, kind: offer.kind, start, end });
  }
  return (
    <>
      <Field
        label="Ticks"
        hint={chosen && <Held offer={chosen} />}
        error={error("instrument_id") ?? error("kind")}
      >
        {(control) => (
          <select
            {...control}
            value={key(draft)}
            onChange={(event) => choose(offers.find((one) => key(one) === event.target.value))}
          >
            {!chosen && <option>{key(draft)}</option>}
            {offers.map((one) => (
              <option key={key(one)} value={key(one)}>
                {`${one.instrument_id} ${one.kind}s${one.raw ? " (raw)" : ""}`}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Start" unit="UTC" error={error("start")}>
        {(control) => (
          <input
            {...control}
            type="datetime-local"
            step="1"
            value={draft.start}
            onChange={(event) => change({ start: event.target.value })}
            onBlur={() => leave("start")}
          />
        )}
      </Field>
      <Field label="End" unit="UTC" error={error("end")}>
        {(control) => (
          <input
            {...control}
            type="datetime-local"
            step="1"
            value={draft.end}
            onChange={(event) => change({ end: event.target.value })}
            onBlur={() => leave("end")}
          />
        )}
      </Field>
      {chosen && <Spans offer={chosen} draft={draft} change={change} />}
    </>
  );
}

function Held({ offer }: { offer: Offer }) {
  const ticks = offer.rows === null ? "not converted yet" : `${short(offer.rows)} ticks`;
  return (
    <>
      {ticks}
      {offer.raw && offer.rows !== null ? ", more to convert" : ""}, {utc(offer.start)} to{" "}
      {utc(offer.end)}
    </>
  );
}

/** Usual lengths of a window, from the start that is chosen. */
function Spans({ offer, draft, change }: { offer: Offer } & Pick<Props, "draft" | "change">) {
  const start = new Date(`${draft.start}Z`);
  const from = Number.isNaN(start.getTime()) ? offer.start : start;
  const set = ([start, end]: [string, string]) => change({ start, end });
  return (
    <div className={styles.spans} role="group" aria-label="Length of the window">
      {SPANS.map(({ label, seconds }) => (
        <Button key={label} small onClick={() => set(windowOf(offer, seconds, from))}>
          {label}
        </Button>
      ))}
      <Button small onClick={() => set(windowOf(offer))}>
        all
      </Button>
    </div>
  );
}
