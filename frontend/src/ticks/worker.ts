/** Runs beside the page: a million ticks are read, kept and thinned out here. */

import { Loader } from "./loader";
import type { ToWorker } from "./protocol";

// The page's types know no global scope of workers.
const scope = globalThis as unknown as Worker;
const loader = new Loader((message, transfer = []) => scope.postMessage(message, transfer));

scope.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => void loader.handle(data));
