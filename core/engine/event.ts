/**
 * The events of an Engine, as far as they tell that its networks changed.
 *
 * @module
 */

/** What happens to containers of a network, which leaves the networks themselves as they are. */
const OF_CONTAINERS = ["connect", "disconnect"];

/**
 * Whether the networks may have changed. What cannot be read may mean anything, so it says yes.
 *
 * @param line one line of the answer to `GET /events`
 */
export function mayChangeNetworks(line: string): boolean {
  if (line.trim() === "") return false;
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return true;
  }
  if (typeof event !== "object" || event === null) return true;
  const { Type: type, Action: action }: Readonly<Record<string, unknown>> = { ...event };
  if (typeof type === "string" && type !== "network") return false;
  return typeof action !== "string" || !OF_CONTAINERS.includes(action);
}
