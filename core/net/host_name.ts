import { err, ok, quote, type Result } from "../result.ts";

// RFC 1035 section 2.3.4: 63 bytes a label, 255 in wire form, which makes 253 characters. Host names have no
// underscores (RFC 952), but Docker's service names do.
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
const MAX_NAME_LENGTH = 253;

/** Whether the text, in lower case, is a name of one or more labels, without leading or trailing dots. */
export function isHostName(text: string): boolean {
  const labels = text.split(".");
  // A last label of digits makes a mistyped IPv4 address (RFC 1123 section 2.1).
  return text.length <= MAX_NAME_LENGTH && labels.every((label) => LABEL.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? "");
}

const DOMAIN_FORM = "letters, digits and hyphens between dots, for example";

/** Reads a domain in lower case; one trailing dot is dropped. */
export function readDomain(text: string): Result<string> {
  const name = text.toLowerCase().replace(/\.$/, "");
  if (isHostName(name)) return ok(name);
  const bare = name.replace(/^\.+/, "");
  return isHostName(bare)
    ? err(`${quote(text)} starts with a dot: expected "${bare}"`)
    : err(`invalid domain ${quote(text)}: expected ${DOMAIN_FORM} "container.internal"`);
}

/** Reads the ending of names in lower case; a leading dot stays and keeps the bare domain itself out. */
export function readDomainEnding(text: string): Result<string> {
  const { value, problem } = readDomain(text.replace(/^\./, ""));
  if (problem !== undefined) return err(`invalid domain ${quote(text)}: expected ${DOMAIN_FORM} ".test"`);
  return ok(text.startsWith(".") ? `.${value}` : value);
}
