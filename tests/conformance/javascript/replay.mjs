// Reads requests from stdin, one JSON document per line, sends them through the AWS SDK, and writes the answers.
import { createInterface } from "node:readline";

const packages = {
  cloudwatch: "@aws-sdk/client-cloudwatch",
  lambda: "@aws-sdk/client-lambda",
  logs: "@aws-sdk/client-cloudwatch-logs",
  s3: "@aws-sdk/client-s3",
  stepfunctions: "@aws-sdk/client-sfn",
};
const clients = new Map();

async function clientOf(service) {
  if (!clients.has(service)) {
    const sdk = await import(packages[service]);
    const [, constructor] = Object.entries(sdk).find(
      ([name]) => name.endsWith("Client") && !name.startsWith("_") && name !== "Client",
    );
    // Retries are the SDK's own. An address in place of a name makes virtual hosts of buckets impossible.
    clients.set(service, { sdk, client: new constructor({ forcePathStyle: true, maxAttempts: 2 }) });
  }
  return clients.get(service);
}

const revive = (_, value) => {
  if (value?.$bytes !== undefined) return Buffer.from(value.$bytes, "base64");
  return value?.$time !== undefined ? new Date(value.$time) : value;
};

async function plain(value) {
  if (typeof value?.transformToByteArray === "function") value = await value.transformToByteArray();
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (value instanceof Date || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  const entries = Object.entries(value).filter(([name]) => name !== "$metadata");
  return Object.fromEntries(await Promise.all(entries.map(async ([name, each]) => [name, await plain(each)])));
}

async function answer({ kind, service, operation, parameters }) {
  const { sdk, client } = await clientOf(service);
  try {
    if (kind === "wait") {
      await sdk[`waitUntil${operation}`]({ client, maxWaitTime: 60 }, parameters);
      return { document: {}, attempts: 1 };
    }
    const response = await client.send(new sdk[`${operation}Command`](parameters));
    return { document: await plain(response), attempts: response.$metadata.attempts };
  } catch (error) {
    if (error.$metadata === undefined) throw error;
    const { httpStatusCode, attempts } = error.$metadata;
    return { failure: error.name, status: httpStatusCode, message: error.message, attempts };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await answer(JSON.parse(line, revive))) + "\n");
}
