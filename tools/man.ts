/**
 * `deno run -A tools/man.ts [FOLDER]`: writes the manual pages of the three programs to dist/man/, or to FOLDER. `task release`
 * does so too, and puts them into the archives.
 *
 * @module
 */
import { join } from "node:path";
import { accessor } from "../accessor/program.ts";
import type { Program } from "../cli/command.ts";
import { client } from "../client/program.ts";
import { version } from "../program/build_info.ts";
import { server } from "../server/program.ts";
import { ROOT_FOLDER } from "./freshness.ts";
import { manPage } from "./man/man_page.ts";

const PROGRAMS: readonly (readonly [Program, files: readonly (readonly [string, string])[]])[] = [
  [server, [
    ["docker-connector.conf", "The config file, in etc of Homebrew, /usr/local/etc or /etc."],
    ["/var/run/docker-connector.sock", "The control socket, which every user may ask."],
    ["/var/run/docker-connector.sock.capture", "The socket that gives captured packets to root."],
  ]],
  [client, [["/var/run/docker-connector-client.sock", "The status socket."]]],
  [accessor, [["/var/run/docker-accessor.sock", "The status socket."]]],
];

/** The date of the newest release in the changelog; a page that is made twice is the same. */
export async function releaseDate(): Promise<string> {
  const changelog = await Deno.readTextFile(join(ROOT_FOLDER, "CHANGELOG.md"));
  return /^## \[\d[^\]]*\] - (\d{4}-\d{2}-\d{2})$/m.exec(changelog)?.[1] ?? "2026-01-01";
}

/** The page's file name of a program. */
export function manFile(program: string): string {
  return `${program}.1`;
}

/** Writes the pages into a folder, which is made; returns the text of each by its file's name. */
export async function writeManPages(folder: string): Promise<ReadonlyMap<string, string>> {
  const date = await releaseDate();
  const pages = new Map(PROGRAMS.map(([program, files]) => {
    const seeAlso = PROGRAMS.map(([{ program: name }]) => name).filter((name) => name !== program.program)
      .sort();
    return [manFile(program.program), manPage(program, { version, date, files, seeAlso })];
  }));
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, text] of pages) await Deno.writeTextFile(join(folder, name), text);
  return pages;
}

if (import.meta.main) {
  const folder = Deno.args[0] ?? join(ROOT_FOLDER, "dist", "man");
  for (const name of (await writeManPages(folder)).keys()) console.log(join(folder, name));
}
