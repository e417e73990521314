import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import type { DataLink } from "../../grafana/model";
import { linkTarget } from "../../grafana/variables";
import { usePlace } from "./BoardContext";
import { searchTo } from "./boardSearch";

interface Props {
  link: DataLink;
  /** Fields of the row that the link stands in. */
  row?: Record<string, unknown>;
  className?: string | undefined;
  /** Enter on a row of a table follows it. */
  ofRow?: boolean;
  children?: ReactNode;
}

/** A data link of a panel: to another board, over the same time, with the same variables. */
export function BoardLink({ link, row = {}, className, ofRow = false, children }: Props) {
  const { uid, values, range } = usePlace();
  const target = linkTarget(link.url, values, range, row);
  if (!target) return children ?? link.title;
  return (
    <Link
      to="/dashboards/$uid"
      params={{ uid: target.uid }}
      search={searchTo(target, uid)}
      className={className}
      title={link.title}
      {...(ofRow ? { "data-row": true } : {})}
    >
      {children ?? link.title}
    </Link>
  );
}
