/**
 * `deno run -A tools/privileges.ts`: writes what the programs may do into docs/internals/privileges.md, from tools/programs.ts
 * and system/process/least_privilege.ts.
 *
 * @module
 */
import { NEEDED_CAPABILITIES } from "../system/process/least_privilege.ts";
import { PROGRAMS } from "./programs.ts";

/** The page in the repository. */
export const PAGE_FILE = new URL("../docs/internals/privileges.md", import.meta.url);

function row(...cells: string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** One row for each permission of a program, with the reason. */
function grants(): string[] {
  const systems = { linux: "Linux", darwin: "macOS" } as const;
  const rows = PROGRAMS.flatMap(({ binary, grants }) =>
    grants.map(({ flag, reason, os, except }) => {
      const [name = "", values = ""] = flag.replace(/^--allow-/, "").split("=", 2);
      const where = [
        os === undefined ? [] : systems[os],
        except === undefined ? [] : `not with Deno ${except}`,
      ];
      return row(binary, name, values.replaceAll(",", ", "), where.flat().join(", "), reason);
    })
  );
  return [row("program", "permission", "only", "where", "what for"), "|---|---|---|---|---|", ...rows];
}

function capabilities(): string[] {
  const rows = Object.entries(NEEDED_CAPABILITIES).flatMap(([program, needs]) =>
    Object.entries(needs).map(([name, reason]) => row(program, `CAP_${name}`, reason))
  );
  return [row("program", "capability", "what for"), "|---|---|---|", ...rows];
}

/** The page with the parts between its markers written again. */
export function withPrivileges(page: string): string {
  return [["grants", grants()] as const, ["capabilities", capabilities()] as const].reduce(
    (text, [name, lines]) => {
      const [begin, end] = [
        `<!-- ${name}: deno run -A tools/privileges.ts writes them -->`,
        `<!-- end of the ${name} -->`,
      ];
      const [from, to] = [text.indexOf(begin), text.indexOf(end)];
      if (from < 0 || to < from) throw new TypeError(`the page has no markers of the ${name}`);
      return `${text.slice(0, from + begin.length)}\n\n${lines.join("\n")}\n\n${text.slice(to)}`;
    },
    page,
  );
}

if (import.meta.main) await Deno.writeTextFile(PAGE_FILE, withPrivileges(await Deno.readTextFile(PAGE_FILE)));
