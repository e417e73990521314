/** A runbook drawn from its tree: every text is a text, every link one of the web or of a runbook. */

import { Link } from "@tanstack/react-router";
import { createElement, Fragment, type ReactNode } from "react";

import type { RunbookNode } from "../api/types";
import styles from "./RunbookTree.module.css";

interface Props {
  content: readonly RunbookNode[];
  /** Level of the page's own first heading; the title of the runbook is left out. */
  under: 1 | 2;
}

export default function RunbookTree({ content, under }: Props) {
  const [first] = content;
  const titled = first?.kind === "heading" && first.level === 1;
  return <div className={styles.page}>{drawAll(titled ? content.slice(1) : content, under)}</div>;
}

function drawAll(nodes: readonly RunbookNode[] | undefined, under: number): ReactNode {
  return nodes?.map((node, place) => <Fragment key={place}>{draw(node, under)}</Fragment>);
}

function draw(node: RunbookNode, under: number): ReactNode {
  const inside = () => drawAll(node.children, under);
  switch (node.kind) {
    case "text":
      return node.text;
    case "code":
      return <code>{node.text}</code>;
    case "code_block":
      return (
        // What does not fit scrolls, by keys too.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <pre tabIndex={0}>
          <code>{node.text}</code>
        </pre>
      );
    case "heading":
      return createElement(
        `h${Math.min(6, Math.max(2, (node.level ?? 2) + under - 1))}`,
        {},
        inside(),
      );
    case "paragraph":
      return <p>{inside()}</p>;
    case "list":
      return node.start == null ? <ul>{inside()}</ul> : <ol start={node.start}>{inside()}</ol>;
    case "item":
      return <li>{inside()}</li>;
    case "quote":
      return <blockquote>{inside()}</blockquote>;
    case "rule":
      return <hr />;
    case "strong":
      return <strong>{inside()}</strong>;
    case "emphasis":
      return <em>{inside()}</em>;
    case "break":
      return <br />;
    case "link":
      return drawLink(node, inside());
    case "table":
      return drawTable(node, under);
    default:
      return inside();
  }
}

const WEB = /^https?:\/\//i;
const NAME = /^[A-Za-z][A-Za-z0-9]*$/;

function drawLink({ href, runbook }: RunbookNode, inside: ReactNode): ReactNode {
  if (runbook && NAME.test(runbook)) {
    return (
      <Link to="/runbooks/$alert" params={{ alert: runbook }}>
        {inside}
      </Link>
    );
  }
  if (!href || !WEB.test(href)) return inside;
  return (
    <a href={href} rel="noreferrer">
      {inside}
    </a>
  );
}

function drawTable({ children = [] }: RunbookNode, under: number): ReactNode {
  const rows = children.map((row, place) => (
    <tr key={place}>
      {row.children?.map((cell, column) =>
        cell.kind === "header" ? (
          <th key={column} scope="col">
            {drawAll(cell.children, under)}
          </th>
        ) : (
          <td key={column}>{drawAll(cell.children, under)}</td>
        ),
      )}
    </tr>
  ));
  const heads = children.filter((row) => row.children?.every((cell) => cell.kind === "header"));
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, by keys too
    <div className={styles.table} role="group" aria-label="Table" tabIndex={0}>
      <table>
        <thead>{rows.slice(0, heads.length)}</thead>
        <tbody>{rows.slice(heads.length)}</tbody>
      </table>
    </div>
  );
}
