import { deepEqual, ok } from "node:assert/strict";
import { posix } from "node:path";
import { ROOT_FOLDER } from "./freshness.ts";

/** Folders that git and the tools make. */
const GENERATED = /^(?:\.git|dist|node_modules)$/;

function* filesBelow(folder = ""): Generator<string> {
  for (const { name, isDirectory, isFile } of Deno.readDirSync(`${ROOT_FOLDER}${folder}`)) {
    if (isDirectory && !GENERATED.test(name)) yield* filesBelow(`${folder}${name}/`);
    if (isFile) yield `${folder}${name}`;
  }
}

const read = (path: string): string => Deno.readTextFileSync(`${ROOT_FOLDER}${path}`);
const files = [...filesBelow()].sort();
const pages = files.filter((path) => path.endsWith(".md"));
const readme = read("README.md");
const chinese = read("README.zh-CN.md");

const exists = (path: string): boolean =>
  files.includes(path) || files.some((file) => file.startsWith(`${path.replace(/\/$/, "")}/`));

const fences = (text: string): string[] => text.match(/^ *```[\s\S]*?^ *```$/gm) ?? [];
const prose = (text: string): string => text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, "");

/** The anchors of a page: those of its headings, as GitHub makes them, and those that it names itself. */
function anchorsOf(text: string): string[] {
  const named = [...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = ""]) => id);
  const headings = [...prose(text).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title.toLowerCase().replaceAll(/[^\p{Letter}\p{Number} _-]/gu, "").replaceAll(" ", "-")
  );
  return [...headings, ...named];
}

/** The targets of a page's links, but for web addresses. */
function linksOf(text: string): string[] {
  return [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target)
    .filter((target) => !/^https?:/.test(target));
}

/** The links of a page that lead nowhere. */
function brokenLinks(page: string, text: string): string[] {
  return linksOf(text).filter((target) => {
    const [path = "", anchor] = target.split("#");
    const file = path === ""
      ? page
      : path.startsWith("/")
      ? path.slice(1)
      : posix.join(posix.dirname(page), path);
    if (file !== page && !exists(file)) return true;
    return anchor !== undefined && !anchorsOf(file === page ? text : read(file)).includes(anchor);
  });
}

/** The number of cells in each row of each table. */
function tableShapes(text: string): number[] {
  return prose(text).split("\n").filter((line) => line.startsWith("|")).map((line) => line.split("|").length);
}

Deno.test("every link between the documents leads somewhere", () => {
  deepEqual(pages.flatMap((page) => brokenLinks(page, read(page)).map((link) => `${page}: ${link}`)), []);
});

Deno.test("a broken link is found, by its file and by its anchor", () => {
  const text =
    "# A Page\n[a](b.md) [b](#a-page) [c](#b) [d](/README.md) [e](../README.md#x) [f](https://x.org)";
  deepEqual(brokenLinks("guide/a.md", text), ["b.md", "#b", "../README.md#x"]);
});

Deno.test("every page of docs/ that code or a document names is there", () => {
  const named = files.filter((path) => /\.(?:ts|md|sh|yml|conf|c)$/.test(path) && path !== "CHANGELOG.md")
    .flatMap((path) =>
      [...read(path).matchAll(/(?<![\w./-])docs\/[a-z0-9/_-]+\.md\b/g)].map(([page]) => ({ path, page }))
    );
  ok(named.length > 20);
  deepEqual(named.filter(({ page }) => !exists(page)).map(({ path, page }) => `${path}: ${page}`), []);
});

Deno.test("both READMEs have the same commands, links and shapes of tables", () => {
  deepEqual(fences(chinese), fences(readme));
  deepEqual(tableShapes(chinese), tableShapes(readme));
  const pagesOf = (text: string) => linksOf(text).filter((target) => !target.startsWith("README")).sort();
  deepEqual(pagesOf(chinese), pagesOf(readme));
  const references = (text: string) => text.match(/^\[\w+\]: .*$/gm);
  deepEqual(references(chinese), references(readme));
  const levels = (text: string) => prose(text).match(/^#+(?= )/gm);
  deepEqual(levels(chinese), levels(readme));
});

Deno.test("README.md stays under 900 words", () => {
  ok(readme.split(/\s+/).length < 900);
});
