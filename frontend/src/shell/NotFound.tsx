import { Link } from "@tanstack/react-router";

import { Empty } from "../components/states";

export function NotFound() {
  return (
    <Empty>
      <h1>There is no such page</h1>
      <p>
        Go <Link to="/">home</Link>, or press <kbd>/</kbd> to search.
      </p>
    </Empty>
  );
}
