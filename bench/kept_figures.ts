/**
 * `deno run -A bench/kept_figures.ts [OLD.json=NEW.json]...`: writes the figures of kept results into the pages that show them,
 * between `<!-- figures: NAME.json -->` and `<!-- end of figures -->`, after another result has taken an old one's place. A test
 * compares pages and charts with the results.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { OperationError } from "../core/error.ts";
import { type Language, sourceOf } from "./kept_rows.ts";
import { type KeptResult, streamTable, tablesOf } from "./kept_tables.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** The pages with figures. */
export const PAGES: Readonly<Record<string, Language>> = {
  "README.md": "en",
  "README.zh-CN.md": "zh",
  "bench/README.md": "bench",
};

const BLOCK = /<!-- figures: (\S+\.json) -->\n[^]*?<!-- end of figures -->/g;

/** Reads a kept result. */
export function readResult(name: string): KeptResult {
  return JSON.parse(Deno.readTextFileSync(`${ROOT}bench/results/${name}`));
}

/** What stands between the two marks of a page. */
export function figuresOf(name: string, result: KeptResult, language: Language): string {
  const command = result.command.replace(/^deno /, "npx -y deno@2.9.6 ");
  const link = language === "bench" ? `results/${name}` : `bench/results/${name}`;
  const tables = language === "bench" ? tablesOf(result) : [streamTable(result, language)];
  return ["", ...tables.flatMap((lines) => [...lines, ""]), sourceOf(language, link, command), ""]
    .join("\n");
}

/** Writes every block of a page again. */
export function rewrite(
  text: string,
  language: Language,
  read: (name: string) => KeptResult,
  renamed: ReadonlyMap<string, string> = new Map(),
): string {
  return text.replace(BLOCK, (_, name: string) => {
    const current = renamed.get(name) ?? name;
    const figures = figuresOf(current, read(current), language);
    return `<!-- figures: ${current} -->\n${figures}\n<!-- end of figures -->`;
  });
}

/** The results that a page shows figures of. */
export function resultsIn(text: string): string[] {
  return [...text.matchAll(BLOCK)].map(([, name = ""]) => name);
}

if (import.meta.main) {
  const renamed = new Map(Deno.args.map((argument) => {
    const [old, current, ...rest] = argument.split("=");
    if (old !== undefined && current !== undefined && rest.length === 0) return [old, current] as const;
    console.error(new OperationError("usage", `Cannot use ${argument}: it is not OLD.json=NEW.json`).report);
    Deno.exit(64);
  }));
  for (const [page, language] of Object.entries(PAGES)) {
    const text = await Deno.readTextFile(ROOT + page);
    await Deno.writeTextFile(ROOT + page, rewrite(text, language, readResult, renamed));
  }
}
