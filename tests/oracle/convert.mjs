// Runs the corpus through Atlassian's converters; called by `run`.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { asLines, here, readLines } from './files.mjs';

/** What one conversion may take. None of those that end needs more than a fraction. */
const LIMIT = { milliseconds: 5000, megabytes: 256 };

/** A thread with the converters in it. Some inputs make them loop for ever; then the thread is replaced. */
class Converters {
  async start() {
    const resourceLimits = { maxOldGenerationSizeMb: LIMIT.megabytes };
    this.worker = new Worker(here('converters.mjs'), { resourceLimits });
    this.worker.on('error', () => {});
    await this.next();
  }

  next(milliseconds) {
    return new Promise((resolve) => {
      const timer = milliseconds && setTimeout(() => done(undefined), milliseconds);
      const died = () => done(undefined);
      const done = (message) => {
        clearTimeout(timer);
        this.worker.off('message', done).off('exit', died);
        resolve(message);
      };
      this.worker.on('message', done).on('exit', died);
    });
  }

  async run(how, example) {
    if (this.worker === undefined) await this.start();
    const answer = this.next(LIMIT.milliseconds);
    this.worker.postMessage({ how, ...example });
    const result = await answer;
    if (result !== undefined) return { id: example.id, ...result };
    await this.stop();
    return { id: example.id, error: 'does not end' };
  }

  async all(how, examples) {
    const rows = [];
    for (const example of examples) rows.push(await this.run(how, example));
    return rows;
  }

  async stop() {
    await this.worker?.terminate();
    this.worker = undefined;
  }
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

async function results() {
  const converters = new Converters();
  const corpus = readLines('corpus/wiki.jsonl');
  const wiki = await converters.all('wiki', corpus);
  const inContext = await converters.all('wiki-context', corpus);
  const markdown = await converters.all('markdown', readLines('corpus/markdown.jsonl'));
  const encoded = (rows) => converters.all('encode', rows.filter(({ adf }) => adf !== undefined));
  const files = {
    'wiki.jsonl': wiki,
    'wiki-context.jsonl': inContext.filter((row, at) => !same(row, wiki[at])),
    'markdown.jsonl': markdown,
    'wiki-encoded.jsonl': await encoded(wiki),
    'markdown-encoded.jsonl': await encoded(markdown),
  };
  await converters.stop();
  return files;
}

const [option, ...rest] = process.argv.slice(2);
if (rest.length > 0 || (option !== undefined && option !== '--check')) {
  console.error('usage: tests/oracle/run [--check]');
  process.exit(2);
}

const stale = [];
mkdirSync(here('expected'), { recursive: true });
for (const [name, rows] of Object.entries(await results())) {
  const path = here(`expected/${name}`);
  const text = asLines(rows);
  if (option !== '--check') writeFileSync(path, text);
  else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) stale.push(name);
  const errors = rows.filter(({ error }) => error !== undefined).length;
  const gaveUp = rows.filter((row) => row.gaveUp !== undefined).length;
  const returns = rows.filter((row) => row.returns).length;
  console.log(`${name}: ${rows.length} rows, ${errors} errors, ${gaveUp} with tokens given up, ${returns} that return`);
}
if (stale.length > 0) {
  console.error(`not what the converters give: ${stale.join(', ')}; run tests/oracle/run`);
  process.exit(1);
}
