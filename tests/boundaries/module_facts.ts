/**
 * What a module refers to, read from its syntax tree: the specifiers it imports in any form, and its use of the
 * runtime's globals. Works in `deno test` only, which is where Deno offers its parser.
 *
 * @module
 */

/** The references of one module. */
export interface ModuleFacts {
  /** specifiers of static, dynamic and type imports, re-exports, and URLs relative to `import.meta.url` */
  readonly specifiers: readonly string[];
  /** imports whose specifier is no literal, as written; nobody can say where these lead */
  readonly opaque: readonly string[];
  /** names of the globals in use, of those asked for, and of members of `Deno` as in `Deno.dlopen` */
  readonly globals: ReadonlySet<string>;
}

/** Globals that do I/O, keep time or start code elsewhere. */
const WATCHED = new Set([
  "Deno",
  "EventSource",
  "Function",
  "WebSocket",
  "Worker",
  "XMLHttpRequest",
  "caches",
  "console",
  "eval",
  "fetch",
  "localStorage",
  "process",
  "queueMicrotask",
  "sessionStorage",
  "setInterval",
  "setTimeout",
]);

type Node = Deno.lint.Node;

function literal(node: Node | null | undefined): string | undefined {
  return node?.type === "Literal" && typeof node.value === "string" ? node.value : undefined;
}

function isModuleUrl(node: Node | undefined): boolean {
  return node?.type === "MemberExpression" && node.object.type === "MetaProperty";
}

/** Whether an identifier names a property or a key rather than a variable. */
function isMemberName(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  if (parent.type === "MemberExpression") return parent.property === node && !parent.computed;
  if (parent.type === "Property") return parent.key === node && !parent.computed && parent.value !== node;
  return parent.type === "TSPropertySignature" || parent.type === "TSMethodSignature" ||
    parent.type === "MethodDefinition" || parent.type === "PropertyDefinition";
}

/**
 * Reads a module.
 *
 * @param source its text, TypeScript
 */
export function readModule(source: string): ModuleFacts {
  const specifiers: string[] = [];
  const opaque: string[] = [];
  const globals = new Set<string>();
  const create = ({ sourceCode }: Deno.lint.RuleContext): Deno.lint.LintVisitor => {
    const take = (node: Node, specifier: Node | null | undefined) => {
      const text = literal(specifier);
      if (text === undefined) opaque.push(sourceCode.getText(node));
      else specifiers.push(text);
    };
    return {
      ImportDeclaration: (node) => take(node, node.source),
      ExportAllDeclaration: (node) => take(node, node.source),
      ExportNamedDeclaration: (node) => node.source && take(node, node.source),
      ImportExpression: (node) => take(node, node.source),
      TSImportType: (node) =>
        take(node, node.argument.type === "TSLiteralType" ? node.argument.literal : null),
      NewExpression(node) {
        if (node.callee.type !== "Identifier" || node.callee.name !== "URL") return;
        if (isModuleUrl(node.arguments[1])) take(node, node.arguments[0]);
      },
      MemberExpression(node) {
        if (node.object.type === "Identifier" && node.object.name === "globalThis") {
          globals.add(sourceCode.getText(node.property));
        }
        if (node.object.type === "Identifier" && node.object.name === "Deno") {
          globals.add(`Deno.${sourceCode.getText(node.property)}`);
        }
      },
      Identifier(node) {
        if (WATCHED.has(node.name) && !isMemberName(node)) globals.add(node.name);
      },
    };
  };
  const plugin = { name: "boundaries", rules: { references: { create } } };
  Deno.lint.runPlugin(plugin, "module.ts", source);
  return { specifiers, opaque, globals };
}
