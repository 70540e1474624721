import type { WebAnswer } from "../../system/web/web_listener.ts";

/** The folder of the page's files; a compiled program contains it (`include` of tools/programs.ts). */
const FOLDER = new URL("./page/", import.meta.url);

const SCRIPT = "text/javascript; charset=utf-8";

/** Every file of the page by its path, with its type. */
export const PAGE_FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/charts.js": ["charts.js", SCRIPT],
  "/doctor.js": ["doctor.js", SCRIPT],
  "/faults.js": ["faults.js", SCRIPT],
  "/format.js": ["format.js", SCRIPT],
  "/icon.svg": ["icon.svg", "image/svg+xml"],
  "/main.js": ["main.js", SCRIPT],
  "/page.css": ["page.css", "text/css; charset=utf-8"],
  "/tables.js": ["tables.js", SCRIPT],
  "/topology.js": ["topology.js", SCRIPT],
  "/uplot.css": ["uplot.css", "text/css; charset=utf-8"],
  "/uplot.js": ["uplot.js", SCRIPT],
};

/** Reads a file of the page; undefined if there is none with this path. */
export async function pageFile(path: string): Promise<WebAnswer | undefined> {
  if (!Object.hasOwn(PAGE_FILES, path)) return undefined;
  const [file, type] = PAGE_FILES[path] ?? ["", ""];
  return { status: 200, type, body: await Deno.readFile(new URL(file, FOLDER)) };
}
