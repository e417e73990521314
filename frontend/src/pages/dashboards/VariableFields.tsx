import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { Menu } from "../../components/Menu";
import tool from "../../components/toolField.module.css";
import type { Variable } from "../../grafana/model";
import { ALL, isAll } from "../../grafana/variables";
import { useBoard } from "./BoardContext";
import type { BoardSearch } from "./boardSearch";
import { valuesQuery } from "./data";

interface Props {
  change: (changed: BoardSearch) => void;
}

interface FieldProps {
  variable: Variable;
  chosen: readonly string[];
  choose: (values: readonly string[]) => void;
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
      choose: (next: readonly string[]) => change({ [`var-${variable.name}`]: [...next] }),
    };
    if (variable.type === "textbox") {
      return <TextField key={`${variable.name} ${chosen[0] ?? ""}`} {...given} />;
    }
    return variable.multi ? (
      <ManyField key={variable.name} {...given} />
    ) : (
      <OneField key={variable.name} {...given} />
    );
  });
}

/** What a variable can be: those that the time range has, and what is chosen. */
function useOffered(variable: Variable, chosen: readonly string[]): string[] {
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
      <select value={chosen[0] ?? ""} onChange={(event) => choose([event.target.value])}>
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
    const before = every ? [] : chosen;
    const next = before.includes(value)
      ? before.filter((one) => one !== value)
      : [...before, value];
    choose(next.length ? next : [ALL]);
  }
  return (
    <div className={tool.field} title={variable.description}>
      <span>{label}</span>
      <Menu label={label} text={every ? "All" : chosen.join(", ")}>
        <label>
          <input type="checkbox" checked={every} onChange={() => choose([ALL])} /> All
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
  const [text, setText] = useState(chosen[0] ?? "");
  const take = () => {
    if (text.trim() !== (chosen[0] ?? "")) choose([text.trim()]);
  };
  return (
    <label className={tool.field} title={variable.description}>
      <span>{variable.label ?? variable.name}</span>
      <input
        value={text}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setText(event.target.value)}
        onBlur={take}
        onKeyDown={(event) => {
          if (event.key === "Enter") take();
        }}
      />
    </label>
  );
}
