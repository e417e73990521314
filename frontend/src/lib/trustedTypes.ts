/**
 * The policy forbids text as HTML and as scripts. Workers are scripts by address: those that were
 * built with the console are let through, nothing else is.
 */

interface PolicyFactory {
  createPolicy: (name: string, rules: { createScriptURL: (text: string) => string }) => unknown;
}

export function installTrustedTypes(): void {
  const { trustedTypes } = globalThis as { trustedTypes?: PolicyFactory };
  trustedTypes?.createPolicy("default", { createScriptURL: ownScript });
}

/** The address when it is a file of this console. Throws for any other. */
export function ownScript(text: string): string {
  const address = new URL(text, location.href);
  if (address.origin !== location.origin || !address.pathname.startsWith("/assets/")) {
    throw new TypeError("only scripts of the console are run");
  }
  return address.href;
}
