/**
 * Where this machine gets its Debian packages from, read from apt's own list of sources in both of its formats.
 *
 * @module
 */

/** A machine's source of Debian packages. */
export interface DebianSource {
  /** address of the archive, without the suite */
  readonly uri: string;
  /** the machine's own suite, such as `bookworm` */
  readonly suite: string;
}

/** A `deb` line: `deb [options] URI SUITE COMPONENT...` (sources.list(5)). */
const ONE_LINE = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/;

/** The pairs of address and suite in the text of a file `*.list`. */
function readList(text: string): DebianSource[] {
  return text.split("\n").flatMap((line) => {
    const [, uri, suite] = ONE_LINE.exec(line.trim()) ?? [];
    return uri === undefined || suite === undefined ? [] : [{ uri, suite }];
  });
}

/** The words of a field of a deb822 stanza, over its continuation lines; comments within are left out. */
function fieldWords(stanza: string, name: string): string[] {
  const lines = stanza.split("\n").filter((line) => !line.startsWith("#")).join("\n");
  const [, value = ""] = new RegExp(`^${name}:((?:.*)(?:\\n[ \\t].*)*)`, "im").exec(lines) ?? [];
  return value.split(/\s+/).filter((word) => word !== "");
}

/** The pairs of address and suite in the text of a file `*.sources`. */
function readStanzas(text: string): DebianSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    if (!fieldWords(stanza, "Types").includes("deb")) return [];
    if (fieldWords(stanza, "Enabled").includes("no")) return [];
    const suites = fieldWords(stanza, "Suites");
    return fieldWords(stanza, "URIs").flatMap((uri) => suites.map((suite) => ({ uri, suite })));
  });
}

/**
 * Finds the source of the machine's own suite.
 *
 * @param osRelease the text of /etc/os-release
 * @param files the texts of apt's source files by name
 * @returns undefined where this is no Debian, or nothing serves its suite
 */
export function debianSource(
  osRelease: string,
  files: Readonly<Record<string, string>>,
): DebianSource | undefined {
  const value = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, "m").exec(osRelease)?.[1];
  const suite = value("VERSION_CODENAME");
  if (value("ID") !== "debian" || suite === undefined) return undefined;
  const all = Object.entries(files).flatMap(([name, text]) =>
    name.endsWith(".sources") ? readStanzas(text) : name.endsWith(".list") ? readList(text) : []
  );
  return all.find((source) => source.suite === suite);
}

async function readIfThere(path: string): Promise<string> {
  return await Deno.readTextFile(path).catch(() => "");
}

/** The source of this machine; undefined where it is no Debian. */
export async function machineSource(): Promise<DebianSource | undefined> {
  const parts = "/etc/apt/sources.list.d";
  const names = await Array.fromAsync(Deno.readDir(parts), ({ name }) => name).catch(() => []);
  const paths = ["/etc/apt/sources.list", ...names.sort().map((name) => `${parts}/${name}`)];
  const texts = await Promise.all(paths.map(async (path) => [path, await readIfThere(path)] as const));
  return debianSource(await readIfThere("/etc/os-release"), Object.fromEntries(texts));
}
