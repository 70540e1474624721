/** Numbers and times as people read them. */

/**
 * @param {number} rate bits a second
 * @returns {string} for example "1.25 Gbit/s"
 */
export function formatRate(rate) {
  return scaled(rate, ["bit/s", "kbit/s", "Mbit/s", "Gbit/s"]);
}

/**
 * @param {number} bytes not negative
 * @returns {string} for example "1.5 MB"
 */
export function formatBytes(bytes) {
  return scaled(bytes, ["B", "kB", "MB", "GB", "TB"]);
}

/**
 * @param {number} value not negative
 * @param {string[]} units each a thousand times the one before
 */
function scaled(value, units) {
  let step = 0;
  while (value >= 999.5 && step < units.length - 1) {
    value /= 1000;
    step++;
  }
  const digits = step === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[step]}`;
}

/**
 * @param {number} seconds negative ones count as 0
 * @returns {string} the two largest units, for example "3 h 12 min"
 */
export function formatDuration(seconds) {
  let rest = Math.max(0, Math.floor(seconds));
  /** @type {[string, number][]} */
  const units = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]];
  const parts = units.map(([name, length]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return { count, name };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2).filter(({ count }) => count > 0)
    .map(({ count, name }) => `${count} ${name}`).join(" ");
}

/**
 * @param {number | null | undefined} milliseconds
 * @returns {string} for example "0.31 ms"; a dash where it is not known
 */
export function formatMs(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return "\u2013";
  return `${milliseconds.toFixed(milliseconds < 10 ? 2 : milliseconds < 100 ? 1 : 0)} ms`;
}

/** @param {number} count */
export function formatCount(count) {
  return count.toLocaleString("en-US");
}

/**
 * @param {number} count
 * @param {string} one the word for one; an s makes it several
 */
export function counted(count, one) {
  return `${formatCount(count)} ${one}${count === 1 ? "" : "s"}`;
}

/**
 * Whether an IPv4 network holds an address; false for IPv6.
 *
 * @param {string} prefix for example "192.168.251.0/24"
 * @param {string} address
 */
export function holds(prefix, address) {
  const [network = "", length = ""] = prefix.split("/");
  if (!network.includes(".") || !address.includes(".")) return false;
  const number = (text) => text.split(".").reduce((value, byte) => value * 256 + Number(byte), 0);
  const size = 2 ** (32 - Number(length));
  return Math.floor(number(network) / size) === Math.floor(number(address) / size);
}

/**
 * Makes an element. Texts become text nodes, so nothing from elsewhere is read as HTML.
 *
 * @param {string} name tag, and a class after each dot: "p.note"
 * @param {Record<string, string>} attributes
 * @param {...(Node | string | undefined | false)} children
 */
export function make(name, attributes = {}, ...children) {
  const [tag = "div", ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length > 0) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}
