import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { objectiveFigures, objectives } from "../../api/queries";
import type { Objective } from "../../api/types";
import { Panel } from "../../components/Panel";
import { Progress } from "../../components/Progress";
import { Async, Stale } from "../../components/states";
import { percent, plain, short, withUnit } from "../../lib/format";
import { AppLink } from "../dashboards/AppLink";
import styles from "./list.module.css";
import { boardAddress, toneOfBudget } from "./objectives";

/** The platform's promises: how much of each error budget is left. */
export function ObjectivesPanel() {
  const query = useQuery(objectives);
  const all = query.data ?? [];
  const budgets = useQuery(objectiveFigures(all, "budget_left"));
  const burning = useQuery(objectiveFigures(all, "burn_rate"));
  const events = useQuery(objectiveFigures(all, "events"));
  return (
    <Panel title="Objectives" note="error budget left of the window">
      {budgets.error && (
        <Stale
          at={budgets.dataUpdatedAt || budgets.errorUpdatedAt}
          error={budgets.error}
          retry={() => void budgets.refetch()}
        />
      )}
      <Async query={query} what="objectives" lines={8}>
        {(found) => (
          <ul className={styles.list}>
            {found.map((one) => (
              <Row
                key={one.name}
                objective={one}
                budget={budgets.data?.get(one.name)}
                burn={burning.data?.get(one.name)}
                events={events.data?.get(one.name)}
              />
            ))}
          </ul>
        )}
      </Async>
    </Panel>
  );
}

interface RowProps {
  objective: Objective;
  budget: number | undefined;
  burn: number | undefined;
  events: number | undefined;
}

function Row({ objective, budget, burn, events }: RowProps) {
  const { title, target, threshold, unit, window, runbook } = objective;
  const tone = budget === undefined ? undefined : toneOfBudget(budget);
  const limit = threshold == null ? "" : ` within ${withUnit(threshold, unit)}`;
  const board = boardAddress(objective);
  return (
    <li className={styles.objective} title={objective.protects}>
      <div>
        <AppLink href={board} className={styles.name}>
          {title}
        </AppLink>
        <p className={styles.detail}>
          {percent(Number(target))}
          {limit} ·{" "}
          <Link to="/runbooks/$alert" params={{ alert: runbook }}>
            runbook
          </Link>
        </p>
      </div>
      <div className={styles.budget}>
        <AppLink href={board} className={tone && styles[tone]}>
          {budget === undefined ? <Uncounted /> : percent(budget, 3)}
        </AppLink>
        <Progress label={`Budget left of ${title}`} value={budget ?? 0} tone={tone} />
      </div>
      <AppLink
        href={board}
        className={styles.number}
        title="How many times faster than the budget allows"
      >
        {plain(burn, 3)}
        <small>burn rate 1h</small>
      </AppLink>
      <AppLink href={board} className={styles.number}>
        {short(events)}
        <small>events in {window}</small>
      </AppLink>
    </li>
  );
}

/** What stands for a budget in the first minute, and where nothing has happened. */
function Uncounted() {
  return (
    <span className="muted" title="Budgets are counted once a minute, where there were events">
      not counted yet
    </span>
  );
}
