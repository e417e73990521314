import { Button } from "../Button";
import { Empty } from "../states";

/** Why a trace may not be there. */
export function UnknownTrace({ retry }: { retry: () => void }) {
  return (
    <Empty>
      <strong>The trace store does not have this trace.</strong>
      <span>
        It may be older than what the store keeps (<code>TRACE_RETENTION</code>,{" "}
        <code>TRACE_MAX_BYTES</code>), may not have been sampled, or may still be on its way: spans
        are sent some seconds after they end.
      </span>
      <Button onClick={retry}>Look again</Button>
    </Empty>
  );
}
