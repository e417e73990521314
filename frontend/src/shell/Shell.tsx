/** What stands around every page: navigation, search, and word of a service that is silent. */

import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";

import { wrongNow } from "../api/alertQueries";
import { useJobFeed } from "../api/events";
import { alerts, readiness, session } from "../api/queries";
import { Badge, type Tone } from "../components/Badge";
import { afterPaint } from "../lib/afterPaint";
import { SilenceBanner } from "./SilenceBanner";
import { useKeys } from "./keys";
import { NAVIGATION } from "./navigation";
import styles from "./Shell.module.css";

const Search = lazy(() => import("./Search"));
const SignIn = lazy(() => import("./SignIn"));

export function Shell() {
  // Which search is open; the browser tells of a closed one later, when another may be.
  const [search, setSearch] = useState<number | null>(null);
  const searches = useRef(0);
  const openSearch = useCallback(() => setSearch((searches.current += 1)), []);
  useKeys(openSearch);
  return (
    <div className={styles.shell}>
      <a href="#main" className={styles.skip}>
        Skip to the page
      </a>
      <header className={styles.side}>
        <Link to="/" className={styles.brand} aria-label="Nautilus, home">
          <img src="/assets/favicon.svg" alt="" width="22" height="22" />
          <span>Nautilus</span>
        </Link>
        <button
          type="button"
          className={styles.search}
          onClick={openSearch}
          aria-label="Search"
          aria-keyshortcuts="/"
        >
          <span>Search</span> <kbd>/</kbd>
        </button>
        <Navigation />
        <Footer />
      </header>
      <main id="main" className={styles.main} tabIndex={-1}>
        <SilenceBanner />
        <Session>
          <Outlet />
        </Session>
      </main>
      {search !== null && (
        <Suspense fallback={null}>
          <Search key={search} onClose={() => setSearch((now) => (now === search ? null : now))} />
        </Suspense>
      )}
    </div>
  );
}

function Navigation() {
  const nav = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  useEffect(() => {
    // On narrow screens the pages are in one line, which scrolls. Before the new page is painted,
    // the browser would have to lay it out twice.
    afterPaint(() => {
      const current = nav.current?.querySelector('[aria-current="page"]');
      current?.scrollIntoView({ block: "nearest", inline: "nearest" });
    });
  }, [pathname]);
  return (
    <nav ref={nav} className={styles.nav} aria-label="Pages">
      <ul>
        {NAVIGATION.map(({ to, title, key }) => (
          <li key={to}>
            <Link to={to} activeOptions={{ exact: to === "/", includeSearch: false }}>
              <span>
                {title} {to === "/alerts" && <Firing />}
              </span>{" "}
              <kbd aria-hidden>g {key}</kbd>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** How many alerts fire; nothing where none does, or nobody knows. */
function Firing() {
  const firing = wrongNow(useQuery(alerts).data?.alerts ?? []);
  if (!firing.length) return null;
  const page = firing.some(({ severity }) => severity === "page");
  return (
    <span className={[styles.count, page ? styles.page : ""].join(" ")}>
      {firing.length}
      <span className="visually-hidden"> firing</span>
    </span>
  );
}

const TONES: Record<string, Tone> = { ok: "good", degraded: "warn", unavailable: "bad" };

function Footer() {
  const ready = useQuery(readiness).data;
  return (
    <div className={styles.foot}>
      {ready && (
        <span title={ready.detail}>
          <Badge tone={TONES[ready.status] ?? "plain"}>{`service ${ready.status}`}</Badge>
        </span>
      )}
      <a href="/api/docs">API</a>
    </div>
  );
}

/** The page, or the question for the token where the service wants one. */
function Session({ children }: { children: React.ReactNode }) {
  const state = useQuery(session).data;
  if (state?.required && !state.signed_in) {
    return (
      <Suspense fallback={null}>
        <SignIn />
      </Suspense>
    );
  }
  return <SignedIn>{children}</SignedIn>;
}

/** Jobs are followed on every page: what ends shows at once, wherever it is looked at. */
function SignedIn({ children }: { children: React.ReactNode }) {
  useJobFeed();
  return children;
}
