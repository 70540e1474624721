/** Home-made words that the field has a name for do not come back. docs/internals/glossary.md has the names. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

/** A word, and what to write instead. */
const DENIED: readonly (readonly [word: RegExp, instead: string])[] = [
  [/\banew\b/i, "again"],
  [/\bmend(?:s|ed|ing)?\b/i, "fix"],
  [/\bwhoever\b/i, "anyone who, or the thing's name"],
  [/\blikewise\b/i, "also"],
  [/\bneedless(?:ly)?\b/i, "unnecessary, or not required"],
  [/\bin force\b/i, "active, or applied"],
  [/\bglances?\b/i, "check"],
  [/\bpatien(?:t|ce)\b/i, "timeout"],
  [/\b(?:LONGEST|MOST|SHORTEST|LEAST)_[A-Z]/, "MAX_ or MIN_"],
  [/\b(?:steady scale|steadyNow)\b/, "monotonic clock"],
  [/\b\w*(?:Keeper|Wish)\b/, "a Reconciler, or a Spec"],
  [
    /\b(?:KeptRoutes?|SessionSlots|OnceEach|PatientWork|Restorations|ForeignPrefix|backEnd)\b/,
    "the name in the glossary",
  ],
];

/** This file names the words, the changelog tells of old ones. */
const EXEMPT = ["tests/vocabulary_test.ts", "CHANGELOG.md"];

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Finds the denied words of a text. */
function deniedWords(text: string): string[] {
  return text.split("\n").flatMap((line, index) =>
    DENIED.filter(([word]) => word.test(line)).map(([word, instead]) =>
      `${index + 1}: ${word.exec(line)?.[0]}; write ${instead}`
    )
  );
}

function* textFiles(folder = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${ROOT}/${folder}`)) {
    const path = `${folder}${name}`;
    if (isDirectory && !["dist", "bench", ".git"].includes(name)) yield* textFiles(`${path}/`);
    if (/\.(?:ts|md)$/.test(name) && !EXEMPT.includes(path)) yield path;
  }
}

Deno.test("no text of the project has a home-made word", async () => {
  const paths = [...textFiles()];
  assert.ok(paths.length > 500, "the list of files is there");
  const found = await Promise.all(
    paths.map(async (path) =>
      deniedWords(await Deno.readTextFile(`${ROOT}/${path}`)).map((fault) => `${path}:${fault}`)
    ),
  );
  assert.deepEqual(found.flat(), []);
});

Deno.test("a home-made word is found with its line and what to write instead", () => {
  assert.deepEqual(deniedWords("one\ntwo begins anew"), ["2: anew; write again"]);
  assert.deepEqual(deniedWords("const LONGEST_PAUSE = 1;"), ["1: LONGEST_P; write MAX_ or MIN_"]);
});
