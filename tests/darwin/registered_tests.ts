/**
 * Imports test files as a Mac would, runs none of their tests, and prints a line of JSON for each that a Mac would skip.
 *
 * @module
 */
import { pathToFileURL } from "node:url";

/** A test that is skipped. */
export interface SkippedTest {
  readonly file: string;
  readonly name: string;
}

type Registration = string | { readonly name?: string; readonly ignore?: boolean } | (() => unknown);

/** What `Deno.test` is called with: name, options and function, of which either of the first two may be left out. */
function noteSkipped(file: string, isIgnored: boolean, words: readonly Registration[]): void {
  const options = words.find((word) => typeof word === "object");
  const name = words.find((word) => typeof word === "string") ?? options?.name ??
    words.find((word) => typeof word === "function")?.name ?? "";
  if (!isIgnored && options?.ignore !== true) return;
  const skipped: SkippedTest = { file, name };
  console.log(JSON.stringify(skipped));
}

function openNothing(): unknown {
  return { symbols: new Proxy({}, { get: () => () => 0 }), close() {} };
}

if (import.meta.main) {
  let file = "";
  const register = (...words: Registration[]) => noteSkipped(file, false, words);
  const ignore = (...words: Registration[]) => noteSkipped(file, true, words);
  Object.defineProperties(Deno, {
    build: { value: { ...Deno.build, os: "darwin", vendor: "apple", target: "aarch64-apple-darwin" } },
    // What modules open for their tests: no test runs, so it does not matter what their functions give.
    dlopen: { value: openNothing },
    test: { value: Object.assign(register, { ignore, only: register }) },
  });
  for (file of Deno.args) await import(pathToFileURL(file).href);
}
