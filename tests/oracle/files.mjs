// What the scripts of the oracle share: the installed packages, and files of JSON lines.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const root = new URL('../../', import.meta.url);

/** Loads one of the installed packages. */
export const installed = createRequire(new URL('target/tools/oracle/package.json', root));

export const here = (path) => new URL(path, import.meta.url);
export const target = (path) => new URL(`target/${path}`, root);

export function readLines(path) {
  const lines = readFileSync(here(path), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

export const asLines = (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
