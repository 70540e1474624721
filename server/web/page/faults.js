import { formatDuration, holds, make } from "./format.js";

/**
 * @typedef {{ code: string, severity: string, title: string, text: string, remedy?: string, since?: string | number }} Fault
 */

/**
 * The faults of a status: its own list; of a server that has none, what its parts say is wrong.
 *
 * @returns {Fault[]}
 */
export function faultsOf(status) {
  if (Array.isArray(status.faults)) return status.faults;
  const faults = [];
  const add = (code, severity, title, text, remedy) => {
    if (text) faults.push({ code, severity, title, text, remedy });
  };
  for (const text of status.config?.faults ?? []) {
    add("config.fault", "error", "The config file has a fault", text, "docker-connector check");
  }
  add("interface.fault", "error", "The interface is not as it should be", status.interface?.fault);
  add("docker.unreachable", "error", "The Docker Engine does not answer", status.docker?.fault);
  add("container.fault", "error", "The client container does not run as it should", status.docker?.container?.fault);
  add("firewall.closed", "error", "Docker's firewall keeps packets out", status.client?.firewall?.fault);
  add("sharing.closed", "error", "The sharing socket is not open", status.sharing?.fault);
  add("page.closed", "warning", "The page is not served", status.web?.fault);
  for (const { prefix, fault } of status.routes ?? []) {
    add("route.failed", "error", `The route to ${prefix} failed`, fault);
  }
  return faults;
}

/** One sentence: the status' own, or one made of its parts. */
export function summaryOf(status) {
  if (typeof status.summary === "string" && status.summary !== "") return status.summary;
  const faults = faultsOf(status);
  const { inUse } = status.paths;
  if (inUse === null) {
    return status.client === null ? "Waiting for the client" : `No path works: ${status.paths.reason}`;
  }
  const routes = status.routes.filter(({ prefix }) => !holds(prefix, status.interface.peer));
  const active = routes.filter(({ state }) => state === "active").length;
  const all = routes.length;
  const reach = all === 0
    ? "no networks yet"
    : active === all
    ? `${all} ${all === 1 ? "network" : "networks"} reachable`
    : `${active} of ${all} networks reachable`;
  return `${faults.length === 0 ? "Up" : "Up with faults"}: ${reach} by the ${inUse} path`;
}

/** How it is on the whole: "good", "warn" or "bad". */
export function moodOf(status) {
  const faults = faultsOf(status);
  if (status.paths.inUse === null || faults.some(({ severity }) => severity === "error")) return "bad";
  return faults.length > 0 ? "warn" : "good";
}

/** A remedy is often a sentence with commands in quotes: those are what people want to copy. */
export function copyTextOf(remedy) {
  const commands = [...remedy.matchAll(/"((?:sudo |docker|brew |systemctl )[^"]*)"/g)].map(([, command]) => command);
  return commands.length > 0 ? commands.join("\n") : remedy;
}

/** @param {HTMLElement} section @param {HTMLElement} list */
export function showFaults(section, list, status, now) {
  const faults = faultsOf(status);
  section.hidden = faults.length === 0;
  list.replaceChildren(...faults.map((fault) => faultItem(fault, now)));
}

function faultItem({ severity, title, text, remedy, since }, now) {
  const began = since === undefined ? NaN : new Date(since).getTime();
  const when = Number.isNaN(began) ? "" : `for ${formatDuration((now - began) / 1000)}`;
  const word = severity === "error" ? "Error" : "Warning";
  return make(
    `li.${severity === "error" ? "error" : "warning"}`,
    {},
    make(
      "h3",
      {},
      make(`span.state.${severity === "error" ? "bad" : "warn"}`, {}, word),
      ` ${title}`,
      make("span.when", {}, when),
    ),
    make("p", {}, text),
    Boolean(remedy) && make("div.remedy", {}, make("code", {}, remedy), copyButton(remedy)),
  );
}

function copyButton(remedy) {
  const button = make("button", { type: "button", "aria-label": `Copy: ${copyTextOf(remedy)}` }, "Copy");
  button.addEventListener("click", async () => {
    await copy(copyTextOf(remedy));
    button.textContent = "Copied";
    setTimeout(() => button.textContent = "Copy", 1500);
  });
  return button;
}

async function copy(text) {
  if (navigator.clipboard !== undefined) return await navigator.clipboard.writeText(text);
  // Without TLS browsers have no clipboard but for loopback addresses.
  const area = make("textarea", { readonly: "" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
