import { useQuery } from "@tanstack/react-query";

import { instruments, rawDays, result, strategies } from "../../api/queries";
import { useMissing } from "../../api/useMissing";
import { Panel } from "../../components/Panel";
import { Empty, Failed, Loading } from "../../components/states";
import { BacktestForm } from "./BacktestForm";
import { type Offer, offersOf, windowOf } from "./offers";
import { type Draft, draftOf } from "./request";

interface Props {
  /** The run whose request fills the form. */
  again: string | undefined;
  /** A sweep is wanted. */
  sweep: boolean;
  className: string | undefined;
}

/** The form, once it is known what can be asked for. */
export function FormPanel({ again, sweep, className }: Props) {
  const named = useQuery(strategies);
  const held = useQuery(instruments);
  const raw = useQuery(rawDays);
  const model = useQuery({ ...result(again ?? ""), enabled: again !== undefined });
  const needed = [named, held, raw];
  const failed = needed.find((query) => query.error && !query.data);
  const gone = useMissing(again ?? "", model);
  // Asked again after a failure, it keeps nobody waiting: something may stand in the form.
  const waiting = needed.some((query) => !query.data) || (again !== undefined && !model.isFetched);
  return (
    <Panel
      title={model.data ? "Run again" : "New backtest"}
      note={!model.data && (gone ? `run ${again} is gone` : model.error?.message)}
      className={className}
    >
      {failed?.error ? (
        <Failed
          error={failed.error}
          retry={() => needed.forEach((query) => void query.refetch())}
        />
      ) : waiting || !named.data || !held.data || !raw.data ? (
        <Loading what="strategies and instruments" lines={8} />
      ) : (
        <Ready
          key={model.data?.run_id}
          offers={offersOf(held.data, raw.data)}
          strategies={named.data}
          sweep={sweep}
          model={model.data && draftOf(model.data.request)}
        />
      )}
    </Panel>
  );
}

interface ReadyProps {
  offers: readonly Offer[];
  strategies: Parameters<typeof BacktestForm>[0]["strategies"];
  sweep: boolean;
  model: Draft | undefined;
}

function Ready({ offers, strategies, sweep, model }: ReadyProps) {
  const first = offers[0];
  if (!first) {
    return (
      <Empty>
        <p>There are no ticks yet.</p>
        <p>
          Put raw files where <code>RAW_TICK_DIR</code> names, and describe them in{" "}
          <code>datasets.toml</code>.
        </p>
      </Empty>
    );
  }
  const [start, end] = windowOf(first, 3_600);
  const fresh: Draft = {
    instrument_id: first.instrument_id,
    kind: first.kind,
    bar_type: first.bar_type,
    start,
    end,
    strategy: strategies[0]?.name ?? "",
    params: {},
    starting_balances: "",
    oms_type: "NETTING",
    account_type: "MARGIN",
  };
  return (
    <BacktestForm offers={offers} strategies={strategies} initial={model ?? fresh} sweep={sweep} />
  );
}
