/**
 * Runs the scenario in a network namespace and a process of its own, with single modules replaced.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { run } from "../topology/process.ts";

const ROOT = new URL("../../", import.meta.url);

/** What came of a run. */
export interface ScenarioResult {
  readonly success: boolean;
  /** Standard output and error. */
  readonly text: string;
}

/**
 * Runs it.
 *
 * @param replaced modules by their path in the repository, and the texts that stand in for them
 * @param folder gets the texts
 */
export async function runScenario(
  replaced: Readonly<Record<string, string>>,
  folder: string,
): Promise<ScenarioResult> {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  for (const [path, text] of Object.entries(replaced)) {
    const stand = `${folder}/${path.replaceAll("/", "-")}`;
    const module = new URL(path, ROOT);
    // It lies elsewhere, so what it imports by a relative path is named in full.
    const absolute = text.replace(
      /(?<=^import\b[^;]*?")\.[^"]*(?=";$)/gm,
      (specifier) => new URL(specifier, module).href,
    );
    await Deno.writeTextFile(stand, absolute);
    imports[module.href] = `file://${stand}`;
  }
  const map = `${folder}/map.json`;
  await Deno.writeTextFile(map, JSON.stringify({ imports }));
  const scenario = fileURLToPath(new URL("tests/darwin/scenario/main.ts", ROOT));
  const deno = [Deno.execPath(), "run", "-A", "--no-check", "--no-lock", "--cached-only", "--quiet"];
  const script = 'ip link set lo up && exec "$@"';
  const { code, stdout, stderr } = await run([
    ...["unshare", "--net", "sh", "-c", script, "sh"],
    ...[...deno, "--import-map", map, scenario],
  ], { env: { NO_COLOR: "1" } });
  return { success: code === 0, text: `${stdout}\n${stderr}` };
}
