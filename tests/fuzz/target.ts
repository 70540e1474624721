/**
 * What is fuzzed: code of the programs that takes bytes or texts which others make.
 *
 * @module
 */
import type { Random } from "./random.ts";

/** How inputs of a target are changed, and as what they are counted. */
export type InputKind = "datagrams" | "texts";

/** One part of the programs, and what holds for it whatever comes. */
export interface Target {
  /** The name of its folder of kept inputs, and of `--only`. */
  readonly name: string;
  readonly kind: InputKind;
  /** The modules whose lines its inputs are to reach, as paths from the repository. */
  readonly modules: readonly string[];
  /** Of all inputs of its kind, so many parts are its own: fast and large parsers have more. */
  readonly share: number;
  /** Makes the part in its states. */
  open(): Promise<Subject> | Subject;
}

/** An open target. Its disposal ends it. */
export interface Subject extends Partial<Disposable & AsyncDisposable> {
  /**
   * Takes one input and checks what holds afterwards. All that it throws is a finding: errors that are documented are its own to
   * catch.
   *
   * @param random what else differs from input to input: the state that meets it, the sender, where it is cut
   */
  take(input: Uint8Array<ArrayBuffer>, random: Random): void | Promise<void>;
}

/** A target of a function that takes one text. */
export function textTarget(
  { take, ...target }: Omit<Target, "kind" | "open"> & {
    readonly take: (text: string, random: Random) => void | Promise<void>;
  },
): Target {
  return {
    ...target,
    kind: "texts",
    open: () => ({ take: (input, random) => take(new TextDecoder().decode(input), random) }),
  };
}
