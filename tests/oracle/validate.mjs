// Validates the expected ADF with the JSON schemas of ADF; called by `schema`.

import { readFileSync, statSync } from 'node:fs';
import { installed, readLines, target } from './files.mjs';

// The schemas are of draft 4.
const Ajv = installed('ajv-draft-04').default;

for (const name of ['full', 'stage-0']) {
  const path = target(`tools/adf-schema/${name}.json`);
  const schema = JSON.parse(readFileSync(path, 'utf8'));
  console.log(`${name}.json: ${statSync(path).size} bytes, ${schema.$schema}`);
  const valid = new Ajv({ strict: false, logger: false }).compile(schema);
  for (const set of ['wiki', 'wiki-context', 'markdown']) {
    const documents = readLines(`expected/${set}.jsonl`).filter(({ adf }) => adf !== undefined);
    const invalid = documents.filter(({ adf }) => !valid(adf));
    console.log(`  ${set}: ${documents.length - invalid.length} of ${documents.length} valid`);
    for (const { id } of process.argv.includes('--list') ? invalid : []) console.log(`    ${id}`);
  }
}
