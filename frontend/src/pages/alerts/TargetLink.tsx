import type { ReactNode } from "react";

import { AppLink } from "../dashboards/AppLink";

interface Props {
  href: string;
  title?: string | undefined;
  children: ReactNode;
}

/** To a page of the console, or to one elsewhere: rules name whole addresses. */
export function TargetLink({ href, title, children }: Props) {
  if (href.startsWith("/")) {
    return (
      <AppLink href={href} title={title}>
        {children}
      </AppLink>
    );
  }
  return (
    <a href={href} title={title} rel="noreferrer">
      {children}
    </a>
  );
}
