import { counted, formatDuration, make } from "./format.js";

/** @typedef {{ code: string, severity: string, title: string, text: string, remedy: string, since: string }} Fault */

/** One line: how it is, or what is wrong first; the list below tells the rest. */
export function headlineOf({ summary, faults }) {
  const [first] = faults;
  if (first?.severity !== "error") return summary.charAt(0).toUpperCase() + summary.slice(1);
  return faults.length === 1 ? first.title : `${first.title}, and ${counted(faults.length - 1, "more fault")}`;
}

/** How it is on the whole: "good", "warn" or "bad". */
export function moodOf({ faults, paths }) {
  if (faults.some(({ severity }) => severity === "error")) return "bad";
  return faults.length > 0 || paths.inUse === null ? "warn" : "good";
}

/** A remedy is a sentence, often with commands in quotes: those are what people want to copy. */
const COMMAND = /"((?:sudo |docker|brew |launchctl |systemctl |journalctl |ip |route )[^"]*)"/g;

export function copyTextOf(remedy) {
  const commands = [...remedy.matchAll(COMMAND)].map(([, command]) => command);
  return commands.length > 0 ? commands.join("\n") : remedy;
}

/** The sentence with its commands set apart. */
export function remedyNodes(remedy) {
  return remedy.split(COMMAND).map((part, index) => index % 2 === 1 ? make("code", {}, part) : part);
}

/** What is shown, as text: the list is only made again when it differs, or a button in it would lose the focus. */
let shown = "";

/** @param {HTMLElement} section @param {HTMLElement} list @param {{ faults: Fault[] }} status */
export function showFaults(section, list, { faults }) {
  const text = JSON.stringify(faults);
  if (text === shown) return;
  shown = text;
  const focused = document.activeElement?.getAttribute("aria-label");
  section.hidden = faults.length === 0;
  list.replaceChildren(...faults.map(faultItem));
  for (const button of list.querySelectorAll("button")) {
    if (button.getAttribute("aria-label") === focused) button.focus();
  }
}

/** Tells how long each has lasted. */
export function showAges(list, now) {
  for (const place of list.querySelectorAll("[data-since]")) {
    place.textContent = `for ${formatDuration((now - Date.parse(place.dataset.since)) / 1000)}`;
  }
}

function faultItem({ severity, title, text, remedy, since }) {
  const word = severity === "error" ? "Error" : "Warning";
  return make(
    `li.${severity === "error" ? "error" : "warning"}`,
    {},
    make(
      "h3",
      {},
      make(`span.state.${severity === "error" ? "bad" : "warn"}`, {}, word),
      ` ${title}`,
      make("span.when", { "data-since": since }),
    ),
    make("p", {}, text),
    Boolean(remedy) && make("div.remedy", {}, make("p", {}, ...remedyNodes(remedy)), copyButton(remedy)),
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
