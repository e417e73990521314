/** A trace by its id, in whatever state it is. The waterfall is loaded with the first trace. */

import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";

import { trace } from "../../api/traceQueries";
import { useMissing } from "../../api/useMissing";
import { useTraceEnd } from "../../api/useTraceEnd";
import { Async, Loading } from "../states";
import { UnknownTrace } from "./UnknownTrace";

const Waterfall = lazy(() => import("./Waterfall"));

interface Props {
  id: string;
  /** Unix milliseconds: what the trace is of ended then, and its spans may still be on their way. */
  endedAt?: number | undefined;
  chosen: string | undefined;
  onChoose: (span: string | undefined) => void;
}

export function TraceView({ id, endedAt, chosen, onChoose }: Props) {
  const query = useQuery(trace(id, useTraceEnd(id, endedAt)));
  const missing = useMissing(id, query);
  if (!query.data && missing) {
    return <UnknownTrace retry={() => void query.refetch()} />;
  }
  return (
    <Async query={query} what="the trace" lines={10}>
      {(whole) => (
        <Suspense fallback={<Loading what="the waterfall" lines={10} />}>
          <Waterfall trace={whole} chosen={chosen} onChoose={onChoose} />
        </Suspense>
      )}
    </Async>
  );
}
