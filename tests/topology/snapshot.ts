/**
 * A namespace's links, addresses, routes and rules as text, to compare before and after.
 *
 * @module
 */
import type { Namespace } from "./namespace.ts";

/** Everything `ip` shows of a namespace, each section under its command. */
export async function snapshot(namespace: Namespace): Promise<string> {
  const sections: string[] = [];
  for (
    const args of [
      ["-o", "link"],
      ["-o", "addr"],
      ["rule"],
      ["-6", "rule"],
      ["route", "show", "table", "all"],
      ["-6", "route", "show", "table", "all"],
    ]
  ) {
    sections.push(`$ ip ${args.join(" ")}\n${await namespace.ip(...args)}`);
  }
  return sections.join("\n");
}
