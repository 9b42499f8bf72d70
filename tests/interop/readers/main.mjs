// What both readers in Node share: node READER.mjs NODE_MODULES < JSON array of calendars > JSON array of readings.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export const module = (path) => pathToFileURL(join(process.argv[2], path));

export function main(read) {
  const tried = (text) => {
    try {
      return read(text);
    } catch (error) {
      return { method: null, events: [], faults: [`${error.name}: ${error.message}`] };
    }
  };
  process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(tried)));
}
