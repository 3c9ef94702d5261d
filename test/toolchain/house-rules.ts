import ts from "typescript";

/** A place where a file breaks a rule of the house that the linter cannot express. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly problem: string;
}

/** Where the program is put together: here, and only here, real time, randomness, timers and the environment come in. */
const compositionRoots = [
  /^src\/cli\//,
  /^bench\//,
  /^test\//,
  /^src\/core\/clock\.ts$/, // Wraps the machine's clock, so that nobody else needs to.
  /^src\/range\/wire\/http\.ts$/, // Serves a range on loopback, where requests arrive in real time.
];

const ambient: Readonly<Record<string, string>> = {
  "process.env": "reads the environment",
  "process.hrtime": "reads the clock",
  "process.uptime": "reads the clock",
  "performance.now": "reads the clock",
  "performance.timeOrigin": "reads the clock",
  "Date.now": "reads the clock",
  "Math.random": "draws a random number",
  "crypto.randomUUID": "draws a random number",
  "crypto.getRandomValues": "draws a random number",
  "AbortSignal.timeout": "starts a timer",
  setTimeout: "starts a timer",
  setInterval: "starts a timer",
};

const ambientImports: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  process: { env: "reads the environment", hrtime: "reads the clock", default: "reads the environment" },
  perf_hooks: { performance: "reads the clock" },
  timers: { setTimeout: "starts a timer", setInterval: "starts a timer" },
  "timers/promises": { setTimeout: "starts a timer", setInterval: "starts a timer", scheduler: "starts a timer" },
  crypto: {
    randomUUID: "draws a random number",
    randomBytes: "draws a random number",
    randomInt: "draws a random number",
    randomFillSync: "draws a random number",
    getRandomValues: "draws a random number",
    webcrypto: "draws a random number",
  },
};

/** A test beside its file may start processes and wait for them, but what it expects must not hang on time or chance. */
const allowedInTests = ["reads the environment", "starts a timer"];

const doors = ["src/steps/index.ts"];
const drawers = ["utils", "util", "helpers", "helper", "common", "misc"];
const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** What is wrong with one file, by its path (relative to the project, with `/`) and its text. */
export function violationsOf(path: string, text: string): readonly Violation[] {
  return [...violationsOfName(path), ...violationsOfText(path, text)].map(([line, problem]) => ({
    path,
    line,
    problem,
  }));
}

type Finding = readonly [line: number, problem: string];

function violationsOfName(path: string): readonly Finding[] {
  const segments = path.replace(/(\.test|\.test-d)?\.tsx?$/, "").split("/");
  const file = segments.at(-1);
  return [
    ...segments
      .filter((segment) => !kebabCase.test(segment))
      .map((segment): Finding => [1, `"${segment}" is not kebab-case`]),
    ...segments
      .filter((segment) => drawers.includes(segment))
      .map((segment): Finding => [1, `"${segment}" says nothing: a thing lives with its noun`]),
    ...(file === "index" && !doors.includes(path) ? [barrel(1)] : []),
  ];
}

function violationsOfText(path: string, text: string): readonly Finding[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const isRoot = compositionRoots.some((root) => root.test(path));
  const isTest = path.endsWith(".test.ts");
  const findings: Finding[] = [];

  const visit = (node: ts.Node): void => {
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
    if (isReexportOfAll(node) && !doors.includes(path)) findings.push(barrel(line));
    if (!isRoot) {
      for (const [what, effect] of ambientUses(node)) {
        if (isTest && allowedInTests.includes(effect)) continue;
        findings.push([line, `${what} ${effect}: only a composition root may, everybody else is handed it`]);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return findings;
}

function barrel(line: number): Finding {
  return [line, `a barrel file: import the thing from the file it is in (${doors.join(", ")} is the only door)`];
}

function isReexportOfAll(node: ts.Node): boolean {
  return ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && node.exportClause === undefined;
}

type Use = readonly [what: string, effect: string];

function ambientUses(node: ts.Node): readonly Use[] {
  if (ts.isImportDeclaration(node)) return ambientUsesOfImport(node);
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) return known(memberName(node));
  if (ts.isNewExpression(node) && isNamed(node.expression, "Date") && !node.arguments?.length) {
    return [["new Date()", "reads the clock"]];
  }
  if (ts.isCallExpression(node) && isNamed(node.expression, "Date")) return [["Date()", "reads the clock"]];
  if (ts.isVariableDeclaration(node) && ts.isObjectBindingPattern(node.name) && node.initializer) {
    const owner = node.initializer.getText();
    return node.name.elements.flatMap((element) =>
      known(`${owner}.${(element.propertyName ?? element.name).getText()}`),
    );
  }
  return ts.isIdentifier(node) && isValue(node) ? known(node.text) : [];
}

function ambientUsesOfImport(node: ts.ImportDeclaration): readonly Use[] {
  const module = (node.moduleSpecifier as ts.StringLiteral).text.replace(/^node:/, "");
  const names = ambientImports[module];
  const { name, namedBindings } = node.importClause ?? {};
  if (!names) return [];
  const imported = [
    ...(name ? ["default"] : []),
    ...(namedBindings && ts.isNamedImports(namedBindings)
      ? namedBindings.elements.map((element) => (element.propertyName ?? element.name).text)
      : []),
  ];
  return imported.flatMap((each): readonly Use[] => (names[each] ? [[`${each} of node:${module}`, names[each]]] : []));
}

function memberName(node: ts.PropertyAccessExpression | ts.ElementAccessExpression): string {
  const member = ts.isPropertyAccessExpression(node) ? node.name.text : literalText(node.argumentExpression);
  return `${node.expression.getText().replace(/^globalThis\./, "")}.${member}`.replace(/^globalThis\./, "");
}

function literalText(node: ts.Expression): string {
  return ts.isStringLiteralLike(node) ? node.text : "";
}

function isNamed(node: ts.Expression, name: string): boolean {
  return ts.isIdentifier(node) && node.text === name;
}

/** Whether the identifier stands for a value of that name, not for a member, a key or a declaration of it. */
function isValue(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isVariableDeclaration(parent)) return parent.initializer === node;
  return !(
    ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isParameter(parent) ||
    ts.isBindingElement(parent) ||
    ts.isFunctionDeclaration(parent) ||
    ts.isImportSpecifier(parent) ||
    ts.isTypeQueryNode(parent)
  );
}

function known(name: string): readonly Use[] {
  const effect = Object.hasOwn(ambient, name) ? ambient[name] : undefined;
  return effect ? [[name, effect]] : [];
}
