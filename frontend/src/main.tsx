import "./styles/tokens.css";
import "./styles/base.css";

import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { makeQueryClient } from "./api/queries";
import { watchActions } from "./api/trace";
import { reloadAfterNewBuild } from "./lib/newBuild";
import { installTrustedTypes } from "./lib/trustedTypes";
import { router } from "./router";

installTrustedTypes();
watchActions(window);
reloadAfterNewBuild(window);

const place = document.getElementById("root");
if (place) {
  createRoot(place).render(
    <StrictMode>
      <QueryClientProvider client={makeQueryClient()}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}

// What is measured is kept by the browser until it is asked for.
window.addEventListener("load", () => void import("./vitals").then((vitals) => vitals.measure()));
