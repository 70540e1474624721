/**
 * DNS as programs of a namespace see it: the C library with a resolv.conf of its own, and busybox's nslookup.
 *
 * @module
 */
import type { Namespace } from "./namespace.ts";

/** Runs a command with a resolv.conf that names one server; its output, empty where it fails. */
export async function withResolver(
  namespace: Namespace,
  file: string,
  argv: readonly string[],
): Promise<string> {
  const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  const { code, stdout } = await namespace.run(["unshare", "--mount", "sh", "-c", script, file, ...argv]);
  return code === 0 ? stdout.trim() : "";
}

/**
 * Asks a name server by busybox's nslookup.
 *
 * @param type such as "A" or "AAAA"
 * @returns the addresses or names, or the code of the answer, such as "NXDOMAIN"; empty for an empty answer
 */
export async function lookUp(
  namespace: Namespace,
  server: string,
  name: string,
  type = "A",
): Promise<string> {
  const { stdout, stderr } = await namespace.run(["busybox", "nslookup", `-type=${type}`, name, server]);
  const text = `${stdout}${stderr}`;
  const code = /can't find [^:]*: (\w+)/.exec(text)?.[1];
  if (code !== undefined && code !== "No") return code;
  const answer = text.slice(text.indexOf("\n\n"));
  return [...answer.matchAll(/^(?:Address: |.*\tname = )(\S+)$/gm)].map((match) => match[1]).join(" ");
}
