import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";

import { runbook } from "../../api/alertQueries";
import { buttonClass } from "../../components/Button";
import { Page } from "../../components/Page";
import RunbookTree from "../../components/RunbookTree";
import { Async, Empty } from "../../components/states";

/** The page for whoever was woken by an alert. */
export default function RunbookPage() {
  const { alert } = useParams({ from: "/runbooks/$alert" });
  const query = useQuery(runbook(alert));
  return (
    <Page
      title={alert}
      note={<span className="muted">runbook</span>}
      tools={
        <Link to="/alerts" search={{ alert }} className={buttonClass()}>
          The alert
        </Link>
      }
    >
      <Async query={query} what="the runbook" lines={8}>
        {(page) =>
          page ? (
            <RunbookTree content={page.content} under={1} />
          ) : (
            <Empty>There is no runbook of that name.</Empty>
          )
        }
      </Async>
    </Page>
  );
}
