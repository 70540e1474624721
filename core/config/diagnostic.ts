/**
 * Faults of the configuration: where they are and what is wrong there. No message ever repeats a token or the key.
 *
 * @module
 */

/** A place in the text. Both count from 1; a tab is one column. Both are 0 for a value from the command line. */
export interface Place {
  /** The line, from 1. */
  readonly line: number;
  /** The column in characters (code points), from 1; one past the last character where something is missing. */
  readonly column: number;
}

/** One fault of a configuration. */
export interface Fault extends Place {
  /** The file as it was named to the parser, or the flag ("--addr") of a value from the command line. */
  readonly file: string;
  /** What was found and what was expected, without a full stop. */
  readonly message: string;
}

/** The fault as `FILE:LINE:COLUMN: message`, or `FLAG: message` for a value from the command line. */
export function formatFault(fault: Fault): string {
  const place = fault.line === 0 ? fault.file : `${fault.file}:${fault.line}:${fault.column}`;
  return `${place}: ${fault.message}`;
}

/** Collects the faults of one file. */
export class FaultList {
  readonly #file: string;
  readonly #faults: Fault[] = [];

  /**
   * An empty list.
   *
   * @param file the name that the faults carry
   */
  constructor(file: string) {
    this.#file = file;
  }

  /** Notes a fault of the file. */
  add(place: Place, message: string): void {
    this.#faults.push({ file: this.#file, line: place.line, column: place.column, message });
  }

  /** Notes a fault of a command-line flag, such as "--addr". */
  addFlag(flag: string, message: string): void {
    this.#faults.push({ file: flag, line: 0, column: 0, message });
  }

  /** All faults in the order of the text, those of flags first. */
  sorted(): Fault[] {
    return this.#faults.toSorted((a, b) => a.line - b.line || a.column - b.column);
  }
}
