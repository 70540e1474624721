import { escapeControls } from "../../cli/format.ts";
import type { CheckState } from "../../core/doctor/check_result.ts";
import type { DoctorDocument } from "./doctor_document.ts";

/** The words that lines begin with, and their colour (ECMA-48, SGR). */
const WORDS: Readonly<Record<CheckState, readonly [word: string, colour: string]>> = {
  ok: ["ok", "32"],
  warn: ["warn", "33"],
  fail: ["FAIL", "31"],
  skip: ["skip", "2"],
};

const WORD_WIDTH = 6;
const AREA_WIDTH = 11;
const INDENT = " ".repeat(WORD_WIDTH + AREA_WIDTH);

/**
 * The document for people: a line for each area and each problem, with the remedy below it.
 *
 * @param hasColour whether the output may carry colours
 */
export function doctorText({ ok, checks, fixed }: DoctorDocument, hasColour: boolean): string {
  const line = (state: CheckState, area: string, text: string) => {
    const [word, colour] = WORDS[state];
    const padded = word.padEnd(WORD_WIDTH);
    const start = hasColour ? `\x1b[${colour}m${padded}\x1b[0m` : padded;
    return `${start}${area.padEnd(AREA_WIDTH)}${escapeControls(text)}`;
  };
  const lines = checks.flatMap(({ area, state, text, faults }) => {
    if (faults.length === 0) return [line(state, area, text)];
    return faults.flatMap((fault) => [
      line(fault.severity === "error" ? "fail" : "warn", area, `${fault.text} (${fault.code})`),
      `${INDENT}${escapeControls(fault.remedy)}`,
    ]);
  });
  const count = checks.reduce((sum, { faults }) => sum + faults.length, 0);
  const end = ok ? "everything that was seen is sound" : count === 1 ? "1 problem" : `${count} problems`;
  return [...fixed.map((done) => `fixed ${escapeControls(done)}`), ...lines, end, ""].join("\n");
}
