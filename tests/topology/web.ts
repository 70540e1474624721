/**
 * HTTP between namespaces by busybox.
 *
 * @module
 */
import type { Namespace } from "./namespace.ts";
import type { Process } from "./process.ts";

/** Serves one page from a folder made below `folder`. */
export async function servePage(
  namespace: Namespace,
  folder: string,
  page: string,
  port = 8080,
): Promise<Process> {
  const home = `${folder}/${namespace.name}-${port}`;
  await Deno.mkdir(home, { recursive: true });
  await Deno.writeTextFile(`${home}/index.html`, page);
  return await namespace.serve(["busybox", "httpd", "-f", "-p", String(port), "-h", home], port);
}

/**
 * Fetches a page.
 *
 * @param deadline milliseconds in which it has to come, else there is an Error
 */
export async function fetchPage(
  from: Namespace,
  address: string,
  port = 8080,
  deadline = 5_000,
): Promise<string> {
  return await from.exec(["busybox", "wget", "-q", "-O", "-", `http://${address}:${port}/`], deadline);
}
