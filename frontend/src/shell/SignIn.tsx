import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, content } from "../api/client";
import { ApiError } from "../api/problem";
import { Button } from "../components/Button";
import { Field } from "../components/Field";
import styles from "./SignIn.module.css";

/** Trades the service's token for a cookie that no script can read; the token is not kept. */
export default function SignIn() {
  const [token, setToken] = useState("");
  const client = useQueryClient();
  const signIn = useMutation({
    mutationFn: (given: string) =>
      content(api.POST("/api/session", { headers: { Authorization: `Bearer ${given}` } })),
    onSuccess: () => client.invalidateQueries(),
  });
  const refused = signIn.error instanceof ApiError && signIn.error.status === 401;
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        signIn.mutate(token.trim());
      }}
    >
      <h1>Sign in</h1>
      <p className="muted">
        This service asks for the token in the file that <code>API_TOKEN_FILE</code> names. The
        browser stays signed in for twelve hours.
      </p>
      <Field
        label="Token"
        error={refused ? "This is not the token" : (signIn.error?.message ?? undefined)}
      >
        {(control) => (
          <input
            {...control}
            type="password"
            autoComplete="current-password"
            required
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        )}
      </Field>
      <Button kind="primary" type="submit" disabled={signIn.isPending}>
        Sign in
      </Button>
    </form>
  );
}
