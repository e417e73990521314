// Does TypeScript accept every board of a folder as Grafana's `Dashboard`?
//
//   node check.mjs <folder with *.json>
//
// Each file becomes a module that declares its JSON with the types of types.ts: the board, and each
// panel again with those of its kind. So misspelt, left-over and deprecated keys are found as well
// as wrong values. Nothing is written: the modules exist for the compiler only. Exit code 1 and a
// line per problem where there is one.
import { readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const HERE = dirname(fileURLToPath(import.meta.url));
const HEADING = '// in ';

/** The TypeScript module that declares the board in `file`. */
function declared(file) {
  const board = JSON.parse(readFileSync(file, 'utf8'));
  const show = (part) => JSON.stringify(part, null, 1);
  const panels = board.panels.map((panel, i) =>
    [
      `${HEADING}${panel.type} "${panel.title}"`,
      `export const panel${i}: Panel<${JSON.stringify(panel.type)}> = ${show(panel)};`,
    ].join('\n'),
  );
  return [
    "import type { Dashboard, Panel } from './types.js';",
    `${HEADING}board`,
    `export const board: Dashboard = ${show(board)};`,
    ...panels,
    '',
  ].join('\n');
}

/** A compiler's view of the disk that also holds the modules `sources` (path → text). */
function hostWith(sources, options) {
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => sources.has(path) || fileExists(path);
  host.readFile = (path) => sources.get(path) ?? readFile(path);
  host.getSourceFile = (path, ...rest) =>
    sources.has(path)
      ? ts.createSourceFile(path, sources.get(path), ...rest)
      : getSourceFile(path, ...rest);
  return host;
}

/** Keys that the types call deprecated: the compiler itself accepts them. */
function* deprecated(program, source) {
  const checker = program.getTypeChecker();
  const waiting = [source];
  while (waiting.length > 0) {
    const node = waiting.pop();
    ts.forEachChild(node, (child) => void waiting.push(child));
    if (!ts.isPropertyAssignment(node)) continue;
    const type = checker.getContextualType(node.parent);
    const property = type && checker.getPropertyOfType(type, node.name.text);
    if (property?.getJsDocTags(checker).some((tag) => tag.name === 'deprecated'))
      yield { node, message: `'${node.name.text}' is deprecated.` };
  }
}

function problems(folder) {
  const config = ts.readConfigFile(join(HERE, 'tsconfig.json'), ts.sys.readFile).config;
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, HERE);
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  if (files.length === 0) return [`${folder} holds no board`];
  const sources = new Map(
    files.map((name) => [join(HERE, `${basename(name, '.json')}.ts`), declared(join(folder, name))]),
  );
  const roots = [join(HERE, 'types.ts'), ...sources.keys()];
  const program = ts.createProgram(roots, options, hostWith(sources, options));
  const found = ts.getPreEmitDiagnostics(program).map((each) => {
    const text = ts.flattenDiagnosticMessageText(each.messageText, '\n  ');
    return each.file ? `${place(each.file, each.start)}: ${text}` : text;
  });
  for (const path of sources.keys()) {
    const source = program.getSourceFile(path);
    for (const { node, message } of deprecated(program, source))
      found.push(`${place(source, node.getStart())}: ${message}`);
  }
  return found;
}

/** Board, part and line, with the line itself, because the module is nowhere to be looked up. */
function place(source, start) {
  const headings = source.text.slice(0, start).split('\n').filter((line) => line.startsWith(HEADING));
  const { line } = source.getLineAndCharacterOfPosition(start);
  const text = source.text.split('\n')[line].trim().slice(0, 100);
  return `${basename(source.fileName, '.ts')}, ${headings.at(-1)?.slice(HEADING.length)}, at ${text}`;
}

const folder = resolve(process.argv[2] ?? join(HERE, '..', 'generated'));
const found = problems(folder);
for (const problem of found) console.error(problem);
process.exitCode = found.length > 0 ? 1 : 0;
