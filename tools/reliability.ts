/**
 * `deno run -A tools/reliability.ts`: writes the fault matrix into docs/internals/reliability.md, from tests/faults/results.json
 * and tests/faults/matrix.ts.
 *
 * @module
 */
import { FAULTS, type Victim, VICTIMS } from "../tests/faults/cell.ts";
import { EMPTY_CELLS } from "../tests/faults/matrix.ts";
import { type CellResult, type FaultResults, readResults } from "../tests/faults/results.ts";

/** The page in the repository. */
export const PAGE_FILE = new URL("../docs/internals/reliability.md", import.meta.url);

const BEGIN = "<!-- fault matrix: deno run -A tools/reliability.ts writes it -->";
const END = "<!-- end of the fault matrix -->";
const PATHS = ["udp", "engine"] as const;

/** The page with the table between its markers. */
export function withMatrix(page: string, results: FaultResults): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${PAGE_FILE.pathname} has no markers`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${matrix(results)}\n${page.slice(end)}`;
}

/** Milliseconds of all runs: the least and the most, or the one where they are the same. */
function range(values: readonly (number | null)[]): string {
  if (values.length === 0) return "-";
  if (values.includes(null)) return "never";
  const numbers = values.map(Number);
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  return least === most ? `${least}` : `${least}-${most}`;
}

/** How many of the runs of all paths are so, as `6/6`. */
function share(results: readonly CellResult[], isSo: (run: CellResult["runs"][number]) => boolean): string {
  const runs = results.flatMap(({ runs }) => runs);
  return `${runs.filter(isSo).length}/${runs.length}`;
}

function transferOf(results: readonly CellResult[]): string {
  const counted = share(results, ({ transferSurvived }) => transferSurvived);
  const [first] = results;
  return first?.endsTransfer === undefined ? counted : `${counted} [${noteOf(first.endsTransfer)}]`;
}

const notes: string[] = [];

/** The number of a reason among those below the tables. */
function noteOf(reason: string): number {
  if (!notes.includes(reason)) notes.push(reason);
  return notes.indexOf(reason) + 1;
}

function row(results: readonly CellResult[]): string {
  const [first] = results;
  if (first === undefined) throw new RangeError("A row needs a result");
  const on = (path: string, values: (run: CellResult["runs"][number]) => number | null) =>
    range(results.filter((result) => result.path === path).flatMap(({ runs }) => runs.map(values)));
  const idle = first.endsContainer === true
    ? "its container ends"
    : share(results, ({ idleAnswered }) => idleAnswered === 5);
  const codes = new Set(results.flatMap(({ runs }) => runs.flatMap(({ faults }) => faults)));
  const left = results.flatMap(({ left, errors }) => [...left, ...errors]);
  return `| ${
    [
      first.fault,
      first.how,
      ...PATHS.map((path) => on(path, ({ recoveryMs }) => recoveryMs)),
      ...PATHS.map((path) => on(path, ({ outageMs }) => outageMs)),
      range(results.flatMap(({ runs }) => runs.map(({ reloadMs }) => reloadMs))),
      transferOf(results),
      idle,
      [...codes].sort().map((code) => code.includes(" ") ? code.replace(/^.*: /, "") : `\`${code}\``).join(
        ", ",
      ) || "none",
      left.length === 0 ? "nothing" : left.join("; "),
    ].join(" | ")
  } |`;
}

function tableOf(victim: Victim, cells: readonly CellResult[]): string {
  const rows = FAULTS.flatMap((fault) => {
    const ways = new Set(cells.filter((cell) => cell.fault === fault).map(({ how }) => how));
    return [...ways].map((how) => row(cells.filter((cell) => cell.how === how)));
  });
  const limit = cells[0]?.limitMs ?? 0;
  const title = victim[0]?.toUpperCase() + victim.slice(1);
  return [
    `### ${title}`,
    "",
    `Target: back within ${limit / 1000} s.`,
    "",
    "| fault | how | back, `udp` | back, `engine` | silent, `udp` | silent, `engine` | reload | transfer | idle | faults shown | left behind |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function matrix({ date, engine, processors, form, cells }: FaultResults): string {
  notes.length = 0;
  const runs = cells.reduce((sum, cell) => sum + cell.runs.length, 0);
  const late = cells.flatMap((cell) =>
    cell.runs.filter((run) => (run.recoveryMs ?? Infinity) > cell.limitMs)
  );
  const loads = cells.map(({ load }) => load);
  const busy = Math.max(...loads) > processors ? ", so other work held it up, which adds to all times" : "";
  return [
    `${runs} runs of ${cells.length} cells in the ${form} form, ${engine}, begun ${
      date.slice(0, 16)
    }Z, on a machine with`,
    `${processors} processors and a load of ${range(loads)}${busy}. ${
      runs - late.length
    } of them met the target. All times`,
    "are milliseconds, the least and the most of all runs.",
    "",
    ...VICTIMS.filter((victim) => cells.some((cell) => cell.victim === victim))
      .map((victim) => tableOf(victim, cells.filter((cell) => cell.victim === victim))),
    ...notes.map((reason, index) => `[${index + 1}] ${reason}.  `),
    "",
    "### Cells that make no sense",
    "",
    "| victim | faults | reason |",
    "|---|---|---|",
    ...EMPTY_CELLS.map(({ victim, faults, reason }) => `| ${victim} | ${faults.join(", ")} | ${reason} |`),
    "",
  ].join("\n");
}

if (import.meta.main) {
  await Deno.writeTextFile(PAGE_FILE, withMatrix(await Deno.readTextFile(PAGE_FILE), await readResults()));
}
