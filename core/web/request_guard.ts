import { formatAddress, type IpAddress, parseAddress } from "../net/address.ts";
import type { RequestHead } from "./request_head.ts";

/** The host of a Host field, with or without a port (RFC 9110 section 7.2). */
const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:\s[\]]+))(?::\d{1,5})?$/;

/**
 * Tells why a request to the page is refused: it may come from a page of another site that runs in the user's browser.
 *
 * - The Host field has to name this machine by a loopback name or address, or by the address that is listened on. A foreign
 *   name that resolves to the machine (DNS rebinding) is refused, and that is all such a page can send.
 * - An Origin field has to be the page's own.
 * - What a browser marks as sent by another site (Fetch Metadata, W3C) is refused, but for a link that leads to the page.
 *
 * @param listen the address that is listened on; for one that stands for all of them every address may be named, but no name
 * @returns what is wrong, undefined if nothing is
 */
export function refusalOf({ path, headers }: RequestHead, listen: IpAddress): string | undefined {
  const host = headers.get("host");
  if (host === undefined || !isOwnHost(host, listen)) {
    return `the host ${
      JSON.stringify(host ?? "")
    } is not this machine's address: use an IP address or localhost`;
  }
  const origin = headers.get("origin");
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return "it comes from another site";
  }
  const site = headers.get("sec-fetch-site");
  if (site === undefined || site === "same-origin" || site === "none") return undefined;
  const isLink = path === "/" && headers.get("sec-fetch-mode") === "navigate" &&
    headers.get("sec-fetch-dest") === "document";
  return isLink ? undefined : "it comes from another site";
}

function isOwnHost(text: string, listen: IpAddress): boolean {
  const [, bracketed, plain] = HOST.exec(text) ?? [];
  if (plain?.toLowerCase() === "localhost") return true;
  const address = parseAddress(bracketed ?? plain ?? "");
  if (address === undefined || (address.family === 6) !== (bracketed !== undefined)) return false;
  if (isLoopback(address) || formatAddress(address) === formatAddress(listen)) return true;
  // A page of another site has a name. Only one that was fetched by an address sends an address.
  return listen.bytes.every((byte) => byte === 0);
}

/** Whether an address leads to this machine alone: 127.0.0.0/8 (RFC 1122 section 3.2.1.3) or ::1. */
export function isLoopback({ family, bytes }: IpAddress): boolean {
  return family === 4
    ? bytes[0] === 127
    : bytes.every((byte, index) => byte === (index === bytes.length - 1 ? 1 : 0));
}
