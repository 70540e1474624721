/** A position in the text. Both numbers count from 1; a tab is one column. Both are 0 for a flag's value. */
export interface Position {
  /** The line, from 1. */
  readonly line: number;
  /** The column in code points, from 1; one past the last character where something is missing. */
  readonly column: number;
}

/** A value and the position of the word it was read from. */
export interface Positioned<T> extends Position {
  /** The value. */
  readonly value: T;
}

/** One fault of a configuration: where it is and what is wrong there. */
export interface Diagnostic extends Position {
  /** The file as it was named to the parser, or the flag ("--addr") of a value from the command line. */
  readonly file: string;
  /** What was found and what was expected, without a full stop. It never repeats a token or the key. */
  readonly message: string;
}

/** Writes the fault as `FILE:LINE:COLUMN: message`, or `FLAG: message` for a value from the command line. */
export function formatDiagnostic({ file, line, column, message }: Diagnostic): string {
  return `${line === 0 ? file : `${file}:${line}:${column}`}: ${message}`;
}

/** Collects the faults of one file. */
export class Diagnostics {
  readonly #all: Diagnostic[] = [];

  /** Starts an empty list. Each fault carries the name of the file or flag. */
  constructor(private readonly file: string) {}

  /** Adds a fault. */
  add({ line, column }: Position, message: string): void {
    this.#all.push({ file: this.file, line, column, message });
  }

  /** Returns all faults in the order of the text. */
  sorted(): Diagnostic[] {
    return this.#all.toSorted((a, b) => a.line - b.line || a.column - b.column);
  }
}
