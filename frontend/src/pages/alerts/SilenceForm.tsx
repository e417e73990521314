import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useEffect, useRef, useState } from "react";

import { setSilence } from "../../api/alertQueries";
import { ApiError } from "../../api/problem";
import type { ActiveAlert } from "../../api/types";
import { Button } from "../../components/Button";
import { Field } from "../../components/Field";
import { MatcherRows } from "./MatcherRows";
import {
  bodyOf,
  covers,
  type Draft,
  DURATIONS,
  problemsOf,
  type Problems,
  readFilter,
} from "./silence";
import styles from "./Silences.module.css";

const AUTHOR = "silence-author";
const USUAL = 2 * 3_600;
const NEW_ROW = { name: "alertname", operator: "=" as const, value: "" };

interface Props {
  /** As Alertmanager writes them; the form begins with these. */
  matchers: string;
  /** Undefined while nobody knows. */
  active: readonly ActiveAlert[] | undefined;
  onClose: () => void;
}

/** Tell nobody of some alerts for a while, and say who wants it and why. */
export default function SilenceForm({ matchers, active, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const client = useQueryClient();
  const [draft, setDraft] = useState<Draft>(() => {
    const rows = readFilter(matchers);
    return {
      rows: rows.length ? rows : [NEW_ROW],
      duration: USUAL,
      author: remembered(),
      comment: "",
    };
  });
  const [tried, setTried] = useState(false);
  const set = useMutation({
    mutationFn: setSilence,
    onSuccess: () => {
      remember(draft.author.trim());
      onClose();
      return client.invalidateQueries({ queryKey: ["alerts"] });
    },
  });
  const found = problemsOf(draft);
  const problems: Problems = tried ? { ...refusedFields(set.error), ...found } : {};
  const covered = active?.filter((alert) => covers(draft.rows, alert.labels)).length;
  useEffect(() => dialog.current?.showModal(), []);

  function change(changed: Partial<Draft>): void {
    setDraft((now) => ({ ...now, ...changed }));
    set.reset();
  }

  function submit(event: SyntheticEvent): void {
    event.preventDefault();
    setTried(true);
    if (!Object.keys(found).length) set.mutate(bodyOf(draft));
  }

  return (
    <dialog ref={dialog} className={styles.dialog} onClose={onClose} aria-label="Silence alerts">
      <form onSubmit={submit} className={styles.form} noValidate>
        <h1>Silence alerts</h1>
        <MatcherRows rows={draft.rows} problems={problems} onChange={(rows) => change({ rows })} />
        <div className={styles.pair}>
          <Field label="For" error={problems.duration_seconds}>
            {(control) => (
              <select
                {...control}
                value={draft.duration}
                onChange={(event) => change({ duration: Number(event.target.value) })}
              >
                {DURATIONS.map(([seconds, text]) => (
                  <option key={seconds} value={seconds}>
                    {text}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label="By" error={problems.created_by}>
            {(control) => (
              <input
                {...control}
                autoComplete="name"
                maxLength={100}
                value={draft.author}
                onChange={(event) => change({ author: event.target.value })}
              />
            )}
          </Field>
        </div>
        <Field label="Why" error={problems.comment}>
          {(control) => (
            <input
              {...control}
              maxLength={1_000}
              placeholder="Known, being mended, …"
              value={draft.comment}
              onChange={(event) => change({ comment: event.target.value })}
            />
          )}
        </Field>
        {set.error && !Object.keys(refusedFields(set.error)).length && (
          <p className={styles.error} role="alert">
            {set.error.message}
          </p>
        )}
        <div className={styles.buttons}>
          <span className={styles.said} role="status">
            {covered !== undefined &&
              `${covered === 1 ? "1 alert" : `${covered} alerts`} of now would be silent`}
          </span>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" disabled={set.isPending}>
            {set.isPending ? "Silencing" : "Silence"}
          </Button>
        </div>
      </form>
    </dialog>
  );
}

const FIELDS = /^(matchers|duration_seconds|created_by|comment)(\.|$)/;

/** What the service says of fields that the form has. */
function refusedFields(error: Error | null): Problems {
  if (!(error instanceof ApiError)) return {};
  return Object.fromEntries(Object.entries(error.fields).filter(([field]) => FIELDS.test(field)));
}

function remembered(): string {
  try {
    return localStorage.getItem(AUTHOR) ?? "";
  } catch {
    return ""; // storage may be forbidden
  }
}

function remember(author: string): void {
  try {
    localStorage.setItem(AUTHOR, author);
  } catch {
    // It is asked for the next time.
  }
}
