/**
 * `deno run -A tools/engines.ts`: fetches the Docker Engines of the tests into the cache folder. `deno task test` does it
 * before the tests start.
 *
 * @module
 */
import { fetchEngines } from "./engines/fetched_engines.ts";

if (import.meta.main) await fetchEngines(console.log);
