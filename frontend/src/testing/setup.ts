import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

afterEach(cleanup);

// What a test does not answer is not asked of whatever listens on this machine.
globalThis.fetch = () => Promise.reject(new TypeError("no test answers this"));
