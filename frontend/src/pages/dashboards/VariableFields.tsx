import { useQuery } from "@tanstack/react-query";

import { Menu } from "../../components/Menu";
import tool from "../../components/toolField.module.css";
import type { Variable } from "../../grafana/model";
import { ALL, isAll, valuesOf } from "../../grafana/variables";
import { useFollowed } from "../../lib/useFollowed";
import { useBoard } from "./BoardContext";
import { type Change, valuesIn } from "./boardSearch";
import { valuesQuery } from "./data";

interface Props {
  change: Change;
}

type Values = readonly string[];

interface FieldProps {
  variable: Variable;
  chosen: Values;
  /** What is to be chosen, by what is: another press may have changed it, and not be drawn yet. */
  choose: (next: (before: Values) => Values) => void;
}

/** One field for each variable of the board; where metrics come from is no choice here. */
export function VariableFields({ change }: Props) {
  const { board, values } = useBoard();
  const shown = (board.templating?.list ?? []).filter(({ type }) => type !== "datasource");
  return shown.map((variable) => {
    const chosen = values[variable.name] ?? [];
    const given = {
      variable,
      chosen,
      choose: (next: (before: Values) => Values) =>
        change((search) => {
          const before = valuesOf(board, valuesIn(search))[variable.name] ?? [];
          return { [`var-${variable.name}`]: [...next(before)] };
        }),
    };
    if (variable.type === "textbox") return <TextField key={variable.name} {...given} />;
    return variable.multi ? (
      <ManyField key={variable.name} {...given} />
    ) : (
      <OneField key={variable.name} {...given} />
    );
  });
}

/** What a variable can be: those that the time range has, and what is chosen. */
function useOffered(variable: Variable, chosen: Values): string[] {
  const found = useQuery(valuesQuery(variable, useBoard())).data;
  const fixed = (variable.options ?? []).map(({ value }) => value);
  const all = variable.type === "query" ? (found ?? []) : fixed;
  return [...new Set([...all, ...chosen])].filter((value) => value && value !== ALL);
}

function OneField({ variable, chosen, choose }: FieldProps) {
  const offered = useOffered(variable, chosen);
  return (
    <label className={tool.field} title={variable.description}>
      <span>{variable.label ?? variable.name}</span>
      <select value={chosen[0] ?? ""} onChange={(event) => choose(() => [event.target.value])}>
        {offered.map((value) => (
          <option key={value}>{value}</option>
        ))}
      </select>
    </label>
  );
}

function ManyField({ variable, chosen, choose }: FieldProps) {
  const offered = useOffered(variable, chosen);
  const every = isAll(chosen);
  const label = variable.label ?? variable.name;
  function toggle(value: string): void {
    choose((now) => {
      const before = isAll(now) ? [] : now;
      const next = before.includes(value)
        ? before.filter((one) => one !== value)
        : [...before, value];
      return next.length ? next : [ALL];
    });
  }
  return (
    <div className={tool.field} title={variable.description}>
      <span>{label}</span>
      <Menu label={label} text={every ? "All" : chosen.join(", ")}>
        <label>
          <input type="checkbox" checked={every} onChange={() => choose(() => [ALL])} /> All
        </label>
        {offered.map((value) => (
          <label key={value}>
            <input
              type="checkbox"
              checked={!every && chosen.includes(value)}
              onChange={() => toggle(value)}
            />
            {value}
          </label>
        ))}
      </Menu>
    </div>
  );
}

function TextField({ variable, chosen, choose }: FieldProps) {
  const [asked = ""] = chosen;
  const { text, write, sent } = useFollowed(asked);
  function take(): void {
    const next = text.trim();
    if (next === asked) return;
    sent(next);
    choose(() => [next]);
  }
  return (
    <label className={tool.field} title={variable.description}>
      <span>{variable.label ?? variable.name}</span>
      <input
        value={text}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => write(event.target.value)}
        onBlur={take}
        onKeyDown={(event) => {
          if (event.key === "Enter") take();
        }}
      />
    </label>
  );
}
