import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

import { PATIENCE_MS } from "./until";

configure({ asyncUtilTimeout: PATIENCE_MS });
afterEach(cleanup);

// What a test does not answer is not asked of whatever listens on this machine.
globalThis.fetch = () => Promise.reject(new TypeError("no test answers this"));
