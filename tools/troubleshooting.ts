/**
 * `deno run -A tools/troubleshooting.ts`: writes the faults by code into docs/guide/troubleshooting.md, from core/faults/.
 *
 * @module
 */
import { type FaultArgs, type FaultCode, FAULTS } from "../core/faults/fault_table.ts";

/** The page in the repository. */
export const PAGE_FILE = new URL("../docs/guide/troubleshooting.md", import.meta.url);

const BEGIN = "<!-- faults by code: deno run -A tools/troubleshooting.ts writes them -->";
const END = "<!-- end of the faults by code -->";

/** Columns of the page. */
const WIDTH = 120;

/** Headings, by the part of a code before the dot, in their order on the page. */
const AREAS: readonly (readonly [areas: readonly string[], heading: string])[] = [
  [["config"], "The config file"],
  [["program", "device", "interface", "port", "clock"], "The program and this machine"],
  [["docker", "container"], "The Docker Engine and the client container"],
  [["client", "firewall"], "The client in Docker's machine"],
  [["path"], "The paths"],
  [["route", "network"], "Routes and networks"],
  [["sharing"], "Sharing"],
  [["names", "hosts", "proxy", "https", "web"], "Names, proxies and the page"],
  [["server"], "The server, as client and accessor see it"],
];

/** Stands for an argument that is told by the part that found the fault. */
const REASON = "REASON";

/** Arguments of rows whose text needs more than a word for each. */
const SAMPLES: { readonly [Code in FaultCode]?: FaultArgs<Code> } = {
  "clock.skew": { seconds: -600 },
  "config.invalid": { file: "FILE", faults: ["FILE:LINE:COLUMN: MISTAKE"] },
  "path.mtu": { mtu: 1400, passes: 1300 },
  "path.preference-down": { wanted: "engine", why: REASON },
  "port.taken": { endpoint: "HOST:PORT" },
  "sharing.weak-token": { count: 2 },
};

/** Each argument by its own name, such as INTERFACE-NAME. */
const PLACEHOLDERS: object = new Proxy({}, {
  get: (_, name) => {
    if (name === "why") return REASON;
    if (name === "count" || name === "seconds") return "N";
    return String(name).replaceAll(/[A-Z]/g, "-$&").toUpperCase();
  },
});

/** The anchor of a code: a dot is none. */
export function anchorOf(code: string): string {
  return code.replace(".", "-");
}

/** The part of the page between the markers. */
export function faultsByCode(): string {
  const codes = Object.keys(FAULTS) as FaultCode[];
  const known = AREAS.flatMap(([areas]) => areas);
  const unknown = codes.filter((code) => !known.includes(areaOf(code)));
  if (unknown.length > 0) throw new TypeError(`no heading for ${unknown.join()}: add its area to AREAS`);
  return AREAS.map(([areas, heading]) => {
    const own = codes.filter((code) => areas.includes(areaOf(code)));
    return `### ${heading}\n\n${own.map(item).join("\n")}\n`;
  }).join("\n");
}

/** The page with the part between its markers written again. */
export function withFaults(page: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new TypeError("the page has no markers of the faults by code");
  return `${page.slice(0, begin + BEGIN.length)}\n\n${faultsByCode()}\n${page.slice(end)}`;
}

function areaOf(code: string): string {
  return code.split(".")[0] ?? code;
}

function item(code: FaultCode): string {
  const row = FAULTS[code];
  const args = (SAMPLES[code] ?? PLACEHOLDERS) as never;
  const text = row.text(args);
  const told = text === REASON ? "The text says why" : text;
  const severity = row.severity === "warning" ? " (warning)" : "";
  const words = `${told}. **Do:** ${row.remedy(args)}.`;
  // What is to be typed is set in quotes on a terminal.
  const typed = words.replaceAll(/"([^"]+)"/g, "`$1`");
  return wrap(`- <a id="${anchorOf(code)}"></a>**\`${code}\`: ${row.title}**${severity}. ${typed}`);
}

/** Breaks a list item between words. */
function wrap(text: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = ` `;
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line].join("\n");
}

if (import.meta.main) await Deno.writeTextFile(PAGE_FILE, withFaults(await Deno.readTextFile(PAGE_FILE)));
