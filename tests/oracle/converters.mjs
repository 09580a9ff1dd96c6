// Atlassian's converters in a thread of their own; started by `convert.mjs`, which sends it one example at a time.

import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { here, installed } from './files.mjs';

const { JSONTransformer } = installed('@atlaskit/editor-json-transformer');
const { MarkdownTransformer } = installed('@atlaskit/editor-markdown-transformer');
const { WikiMarkupTransformer } = installed('@atlaskit/editor-wikimarkup-transformer');

const json = new JSONTransformer();
const markdown = new MarkdownTransformer();
const wiki = new WikiMarkupTransformer();

/** Numbers the ids that are random, in the order of the document. Ids that the input itself gives stay. */
function withStableIds(adf, input) {
  let count = 0;
  const visit = (value) => {
    if (Array.isArray(value)) return value.map(visit);
    if (value === null || typeof value !== 'object') return value;
    const entries = Object.entries(value).map(([key, inner]) => {
      const random = key === 'localId' && typeof inner === 'string' && inner !== '' && !input.includes(`"${inner}"`);
      return [key, random ? `local-${(count += 1)}` : visit(inner)];
    });
    return Object.fromEntries(entries);
  };
  return visit(adf);
}

function fromWiki(input, context) {
  // The tokens whose parser threw. The converter then takes one character of them as text and goes on.
  const gaveUp = [];
  const tokenErrCallback = (_, type) => gaveUp.push(type);
  const adf = withStableIds(json.encode(wiki.parse(input, { ...context, tokenErrCallback })), input);
  return gaveUp.length === 0 ? { adf } : { adf, gaveUp };
}

/** The document as text to compare. The order of marks says which was read first, and nothing else. */
function comparable(adf) {
  const byType = (one, other) => (one.type < other.type ? -1 : 1);
  return JSON.stringify(adf, (key, value) => (key === 'marks' && value ? [...value].sort(byType) : value));
}

function toWiki(adf) {
  const text = wiki.encode(json.parse(adf));
  // Whether the converter reads its own wiki markup as the same ADF again.
  return { wiki: text, returns: comparable(json.encode(wiki.parse(text))) === comparable(adf) };
}

// The converter changes the context it is given, so each conversion has a new one.
const context = () => JSON.parse(readFileSync(here('context.json'), 'utf8'));

const conversions = {
  wiki: ({ input }) => fromWiki(input),
  'wiki-context': ({ input }) => fromWiki(input, context()),
  markdown: ({ input }) => ({ adf: withStableIds(json.encode(markdown.parse(input)), input) }),
  encode: ({ adf }) => toWiki(adf),
};

parentPort.on('message', ({ how, ...example }) => {
  let result;
  try {
    result = conversions[how](example);
  } catch (error) {
    result = { error: error.message };
  }
  // As text, because that is how it will be kept: members without a value are gone.
  parentPort.postMessage(JSON.parse(JSON.stringify(result)));
});
parentPort.postMessage('ready');
