import { useRouter } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, MouseEvent } from "react";

interface Props extends AnchorHTMLAttributes<HTMLAnchorElement> {
  href: string;
}

/** Goes to an address of the console. */
export function useOpen(): (href: string) => void {
  const router = useRouter();
  return (href) => void router.navigate({ href });
}

/** A link by its address. */
export function AppLink({ href, children, ...rest }: Props) {
  const open = useOpen();
  const onClick = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    open(href);
  };
  return (
    <a {...rest} href={href} onClick={onClick}>
      {children}
    </a>
  );
}
