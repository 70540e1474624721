/** The head of an HTTP request, as far as the status page needs it. */
export interface RequestHead {
  /** The method, in capitals. */
  readonly method: string;
  /** The path of the target, without its query. */
  readonly path: string;
  /** Values by names in lower case; of a repeated field the last. */
  readonly headers: ReadonlyMap<string, string>;
}

// RFC 9112 section 3 (origin form only) and section 5; a token is of RFC 9110 section 5.6.2.
const REQUEST_LINE = /^([A-Z]{1,16}) (\/[!-~]*) HTTP\/1\.[01]$/;
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;

/**
 * Reads the head of a request: the lines before the empty one, or more.
 *
 * @returns undefined if it is none: RFC 9112 asks to refuse it by 400
 */
export function parseRequestHead(text: string): RequestHead | undefined {
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, Math.max(0, end)).split("\r\n");
  const [, method, target] = REQUEST_LINE.exec(first) ?? [];
  if (method === undefined || target === undefined) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const key = name.toLowerCase();
    // Two hosts are an attempt to be taken for one of them (RFC 9112 section 3.2).
    if (key === "host" && headers.has(key)) return undefined;
    headers.set(key, value);
  }
  return { method, path: target.replace(/[?#].*$/, ""), headers };
}
