// The journeys through the official TypeScript SDK, of either major version: `node journey.mjs <package>`.
//
// Reads a list of sessions on standard input and says, for each check, one JSON line: session, check, problem.

import { openSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const ANSWER = { timeout: 20_000 };
const REFUSED = '401 Bearer realm="portcullis"';
const [, , packages, major] = process.argv;
const installed = createRequire(`${packages}/package.json`);
const load = (name) => import(pathToFileURL(installed.resolve(name)));

const parts = {
  ts1: ["client/index.js", "client/stdio.js", "client/streamableHttp.js"].map(
    (part) => `@modelcontextprotocol/sdk/${part}`,
  ),
  ts2: ["@modelcontextprotocol/client", "@modelcontextprotocol/client/stdio"],
};
const sdk = Object.assign({}, ...(await Promise.all(parts[major].map(load))));

function transport(session) {
  if (session.transport === "http") {
    return new sdk.StreamableHTTPClientTransport(new URL(session.endpoint), {
      requestInit: { headers: session.headers },
      fetch: async (...request) => {
        const answer = await fetch(...request);
        session.answers.push(`${answer.status} ${answer.headers.get("www-authenticate")}`);
        return answer;
      },
    });
  }
  return new sdk.StdioClientTransport({
    command: session.command,
    args: [],
    env: session.variables,
    cwd: session.directory,
    stderr: openSync(session.log, "a"),
  });
}

/** A connected client, and the protocol version that was negotiated. */
async function connect(session) {
  const options = session.era === "modern" ? { versionNegotiation: { mode: "auto" } } : {};
  const client = new sdk.Client({ name: session.id, version: "1" }, options);
  const wire = transport(session);
  // The first major version tells the version to its transport alone.
  let told;
  const tell = wire.setProtocolVersion?.bind(wire);
  wire.setProtocolVersion = (version) => {
    told = version;
    tell?.(version);
  };
  await client.connect(wire, ANSWER);
  return { client, protocol: client.getNegotiatedProtocolVersion?.() ?? told };
}

/** The value a JSON pointer names; null where there is none. */
const at = (value, pointer) =>
  pointer
    .split("/")
    .slice(1)
    .reduce((inner, step) => inner?.[step], value) ?? null;

const shown = (failed) => `${failed.name} ${failed.code}: ${failed.message}`;
const fits = (pattern, text) => new RegExp(`^(?:${pattern})$`, "s").test(text);

/** What is wrong with the answer to a call; null if nothing is. */
async function call(client, row) {
  const _meta = { traceparent: `00-${row.trace}-00f067aa0ba902b7-01` };
  // The first major version takes a schema of the result before the options.
  const options = major === "ts1" ? [undefined, ANSWER] : [ANSWER];
  let result;
  try {
    result = await client.callTool({ name: row.tool, arguments: row.arguments, _meta }, ...options);
  } catch (failed) {
    const expected = row.code !== undefined && failed.code === row.code && fits(row.message, failed.message);
    return expected ? null : shown(failed);
  }
  const text = result.content[0].text;
  if (row.refused) return result.isError && fits(row.refused, text) ? null : text;
  if (!row.found || result.isError) return text;
  const value = JSON.parse(text);
  const wrong = Object.entries(row.found).filter(([pointer, want]) => at(value, pointer) !== want);
  return wrong.length > 0 ? `${wrong.map(([pointer]) => `${pointer}: ${at(value, pointer)}`)} in ${text}` : null;
}
function wrongHello(session, protocol, server) {
  if (protocol !== session.protocol) return `negotiated ${protocol}, not ${session.protocol}`;
  return server?.name === "portcullis" && server.version ? null : `the server is ${JSON.stringify(server)}`;
}

async function wrongTools(session, client) {
  const { tools } = await client.listTools({}, { ...ANSWER, cacheMode: "bypass" });
  const names = tools.map((tool) => tool.name);
  if (JSON.stringify(names) !== JSON.stringify(session.tools)) return `listed ${names}`;
  const wrong = tools.find(
    (tool) =>
      (tool.annotations.readOnlyHint ?? false) !== session.reading.includes(tool.name) ||
      tool.inputSchema.additionalProperties !== false,
  );
  return wrong ? JSON.stringify(wrong) : null;
}

/** The first request that needs a credential must fail with 401 and a challenge. */
async function unauthorized(session) {
  let client;
  try {
    ({ client } = await connect(session));
    const { tools } = await client.listTools({}, ANSWER);
    return `listed ${tools.length} tools`;
  } catch (failed) {
    return session.answers.at(-1) === REFUSED ? null : `${session.answers}, ${shown(failed)}`;
  } finally {
    await client?.close();
  }
}

async function journey(session, say) {
  if (session.unauthorized) {
    say("401", await unauthorized(session));
    return;
  }
  const { client, protocol } = await connect(session);
  try {
    say("initialize", wrongHello(session, protocol, client.getServerVersion()));
    say("tools", await wrongTools(session, client));
    const made = [];
    for (const row of session.calls) {
      made.push(call(client, row));
      if (!session.at_once) await made.at(-1);
    }
    const problems = await Promise.all(made);
    session.calls.forEach((row, index) => say(row.name, problems[index]));
    say("tools in the end", await wrongTools(session, client));
  } finally {
    await client.close();
  }
}

for (const session of JSON.parse(readFileSync(0, "utf8"))) {
  session.answers = [];
  const say = (check, problem) => console.log(JSON.stringify({ session: session.id, check, problem }));
  await journey(session, say).catch((failed) => say("to the end", shown(failed)));
}
