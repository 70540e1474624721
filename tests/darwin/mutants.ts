/**
 * Deliberate mistakes: every number and every text of a module of constants, each altered by itself.
 *
 * @module
 */

/** A module with one mistake. */
export interface Mutant {
  /** Where the mistake is and what it says there now: `constants_darwin.ts:11 AF_INET6 = 31`. */
  readonly name: string;
  readonly text: string;
}

/** A number, decimal or hexadecimal, with the mark of a bigint; or a text between double quotes. */
const LITERAL = /(?<![\w."])(?:(0x[0-9a-fA-F_]+|\d[\d_]*)(n?)(?!\w)|"([^"\n]+)")/g;

/** The same text with every comment's characters replaced by blanks, so that positions stay. */
function withoutComments(text: string): string {
  const blank = (comment: string) => comment.replace(/[^\n]/g, " ");
  return text.replace(/\/\*[^]*?\*\//g, blank).replace(/\/\/.*$/gm, blank);
}

/** What stands before the literal: the name that it belongs to. */
function nameBefore(line: string, column: number): string {
  return /([\w$]+)\s*[:=]\s*$/.exec(line.slice(0, column))?.[1] ?? line.trim().slice(0, 30);
}

/**
 * The likeliest other number: of a decimal one the next, of a hexadecimal one that with each bit moved on.
 *
 * @param step what the next one is away; 4 for offsets and sizes, which stay aligned then
 */
function alteredNumber(literal: string, step: bigint): bigint {
  const number = BigInt(literal.replaceAll("_", ""));
  return literal.startsWith("0x") ? number * 2n : number + step;
}

/** Whether each line stands outside of functions and classes: constants are what is altered. */
function constantLines(lines: readonly string[]): boolean[] {
  let isInBody = false;
  return lines.map((line) => {
    if (/^(?:export )?(?:(?:async )?function|(?:abstract )?class)\b/.test(line)) isInBody = true;
    const isConstant = !isInBody && !/^(?:import|(?:export )?type)\b|^} from /.test(line);
    if (line === "}") isInBody = false;
    return isConstant;
  });
}

/**
 * The mutants of a module. Functions, classes, imports and types are left alone; a text loses its last character.
 *
 * @param file the module's path, for the mutants' names
 * @param text its source
 */
export function mutantsOf(file: string, text: string): Mutant[] {
  const code = withoutComments(text);
  const lines = code.split("\n");
  const mutants: Mutant[] = [];
  const isConstant = constantLines(lines);
  const step = file.includes("layout") ? 4n : 1n;
  let start = 0;
  lines.forEach((line, index) => {
    for (const match of isConstant[index] ? line.matchAll(LITERAL) : []) {
      const [literal, number, bigint, word] = match;
      const altered = number === undefined
        ? `"${word?.slice(0, -1)}"`
        : `${alteredNumber(number, step)}${bigint}`;
      const at = start + match.index;
      mutants.push({
        name: `${file}:${index + 1} ${nameBefore(line, match.index)} ${literal} -> ${altered}`,
        text: text.slice(0, at) + altered + text.slice(at + literal.length),
      });
    }
    start += line.length + 1;
  });
  return mutants;
}
