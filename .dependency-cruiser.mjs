/**
 * Who may import whom: downwards only. docs/architecture.md has the picture.
 *
 * One row per folder of src/ says everything it may import; whatever a row does not name is refused, and so is a
 * folder without a row. `modules` are folders of src/, `packages` npm packages, `builtins` Node's own modules.
 */
const hashing = ["crypto"]; // Pure code may hash, and do nothing else that the operating system sees.
const anyBuiltin = "any";
const sdk = ["@aws-sdk", "@smithy"];

const folders = {
  core: { modules: [], packages: ["zod", "hash-wasm"], builtins: [...hashing, "events"] }, // How many may listen to a signal.
  reachability: { modules: ["core"], packages: [], builtins: [] },
  aws: { modules: ["core"], packages: ["zod", ...sdk], builtins: anyBuiltin },
  steps: { modules: ["core", "aws", "reachability"], packages: ["zod"], builtins: [...hashing, "zlib"] },
  engine: { modules: ["core"], packages: ["zod"], builtins: hashing },
  runners: { modules: ["core", "engine"], packages: ["zod"], builtins: anyBuiltin },
  store: { modules: ["core"], packages: ["zod", "libsql"], builtins: anyBuiltin },
  vault: { modules: ["core"], packages: ["zod"], builtins: anyBuiltin },
  intake: { modules: ["core"], packages: ["zod"], builtins: anyBuiltin },
  notify: { modules: ["core"], packages: ["zod"], builtins: anyBuiltin },
  documents: { modules: [], packages: ["zod", "yaml"], builtins: [] },
  playbooks: { modules: ["core", "documents"], packages: ["zod"], builtins: anyBuiltin },
  config: { modules: ["core", "documents"], packages: ["zod"], builtins: anyBuiltin },
  range: { modules: ["core"], packages: ["zod", ...sdk], builtins: anyBuiltin },
};

/** Adapters that are made of an AWS client each, and only these files. */
const adaptersOverAws = "^src/(store/dynamodb|vault/s3|notify/sns|intake/sqs)";

const test = "\\.test\\.ts$";
/** What tests of the range share: the SDK as a client of it. */
const lab = "^src/range/.*-lab[.]ts$";
const oneOf = (names) => `(${names.join("|")})`;
const packagePaths = (names) => `node_modules/${oneOf(names)}/`;

const rules = Object.entries(folders).flatMap(([folder, { modules, packages, builtins }]) => {
  const allowed = [
    `^src/${oneOf([folder, ...modules])}/`,
    ...(packages.length > 0 ? [packagePaths(packages)] : []),
    ...(Array.isArray(builtins) && builtins.length > 0 ? [`^(node:)?${oneOf(builtins)}$`] : []),
  ];
  const orAnyBuiltin = { dependencyTypesNot: ["core"] };
  const comment = `${folder}/ may import ${[...modules, ...packages].join(", ") || "nothing"}: see .dependency-cruiser.mjs.`;
  return [
    {
      name: `${folder}-imports`,
      comment,
      severity: "error",
      from: { path: `^src/${folder}/`, pathNot: [test, adaptersOverAws] },
      to: { pathNot: allowed, ...(builtins === anyBuiltin ? orAnyBuiltin : {}) },
    },
    {
      name: `${folder}-test-imports`,
      comment: `A test of ${folder}/ may import what ${folder}/ may, core, src/testing and the test tools. Tests over several folders lie in test/.`,
      severity: "error",
      from: { path: `^src/${folder}/.*${test}` },
      to: {
        pathNot: [...allowed, "^src/(core|testing)/", packagePaths(["vitest", "fast-check"])],
        ...orAnyBuiltin,
      },
    },
  ];
});

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...rules,
    {
      name: "adapters-over-aws",
      comment: "An adapter over one AWS client imports core, its own folder and the SDK.",
      severity: "error",
      from: { path: `${adaptersOverAws}[^/]*\\.ts$`, pathNot: test },
      to: { path: "^src/", pathNot: ["^src/core/", "^src/(store|vault|notify|intake)/"] },
    },
    {
      name: "adapters-apart",
      comment: "Adapters never import one another.",
      severity: "error",
      from: { path: "^src/(store|vault|notify|intake)/" },
      to: { path: "^src/(store|vault|notify|intake)/", pathNot: "^src/$1/" },
    },
    {
      name: "sdk-behind-aws",
      comment:
        "Only aws/, range/wire and the adapters over one client speak the SDK; everything else calls the functions of aws/.",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: ["^src/aws/", "^src/range/wire/", "^src/testing/", adaptersOverAws, `^src/range/.*${test}`, lab],
      },
      to: { path: packagePaths(sdk), dependencyTypesNot: ["type-only"] },
    },
    {
      name: "sdk-types-behind-aws",
      comment:
        "The SDK's types, all optional fields, stop at aws/ too. The range alone may name them outside its wire.",
      severity: "error",
      from: { path: "^src/", pathNot: ["^src/(aws|range|testing)/", adaptersOverAws] },
      to: { path: packagePaths(sdk), dependencyTypes: ["type-only"] },
    },
    {
      name: "console-knows-types-of-server",
      comment: "The console imports the server's types and nothing else of ours.",
      severity: "error",
      from: { path: "^src/console/" },
      to: { path: "^src/", pathNot: ["^src/console/"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "console-knows-only-server",
      comment: "The console imports the server's types and nothing else of ours.",
      severity: "error",
      from: { path: "^src/console/" },
      to: { path: "^src/", pathNot: ["^src/(console|server)/"] },
    },
    {
      name: "nobody-imports-a-composition-root",
      comment: "cli, server and cloud put things together; nothing is put together from them, not even one another.",
      severity: "error",
      from: { path: "^src/([^/]+)/", pathNot: "^src/console/" },
      to: { path: "^src/(cli|server|cloud)/", pathNot: "^src/$1/" },
    },
    {
      name: "console-is-a-leaf",
      comment: "Nothing imports the web page's code.",
      severity: "error",
      from: { pathNot: "^src/console/" },
      to: { path: "^src/console/" },
    },
    {
      name: "testing-stays-in-tests",
      comment: "The suites need vitest, which an installed Cordon does not have.",
      severity: "error",
      from: { path: "^src/", pathNot: ["^src/testing/", test] },
      to: { path: "^src/testing/" },
    },
    {
      name: "source-never-imports-tests",
      comment: "What is only there to be checked or measured is imported by nobody in src/.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: ["^(test|bench)/", test] },
    },
    {
      name: "a-folder-has-a-row",
      comment: "A new folder of src/ gets a row in .dependency-cruiser.mjs before its first import.",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: `^src/${oneOf([...Object.keys(folders), "testing", "cli", "server", "cloud", "console"])}/`,
      },
      to: {},
    },
    {
      name: "no-cycles",
      comment: "Two files that import one another are one file, or hide a third. Types may point both ways.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "resolvable",
      comment: "An import that resolves to nothing escapes every other rule here.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "declared-packages",
      comment: "Only packages named in package.json: anything else is there by luck.",
      severity: "error",
      from: {},
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "no-development-packages-at-run-time",
      comment: "An installed Cordon has no development dependencies.",
      severity: "error",
      from: { path: "^src/", pathNot: ["^src/(testing|cloud|console)/", test] },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
  },
};
