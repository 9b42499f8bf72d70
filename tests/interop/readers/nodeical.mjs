// Reads calendars with node-ical.
import { fileURLToPath } from "node:url";
import { main, module } from "./main.mjs";

const { default: ical } = await import(module("node-ical/node-ical.js"));

function read(text) {
  const found = Object.values(ical.sync.parseICS(text));
  const events = found.filter(({ type }) => type === "VEVENT").map(event);
  const calendar = found.find(({ type }) => type === "VCALENDAR");
  return { method: calendar?.method ?? null, events, faults: calendar ? [] : ["there is no VCALENDAR"] };
}

const list = (value) => (value === undefined ? [] : [value].flat());
const plain = (value) => value?.val ?? value ?? null;

// It leaves a trigger as it stands.
const seconds = (trigger) => {
  const [, sign, minutes] = /^(-?)PT(\d+)M$/.exec(plain(trigger));
  return Number(minutes) * (sign ? -60 : 60);
};

function event({ uid, sequence, start, end, dtstamp, status, organizer, attendee, summary, location, alarms }) {
  for (const [name, value] of Object.entries({ start, end, dtstamp })) {
    if (!(value instanceof Date)) throw new TypeError(`${name} is no time: ${value}`); // it lets them pass
  }
  return {
    uid: plain(uid), sequence: sequence ?? 0, start, end, dtstamp, zone: start.tz ?? "", status: plain(status),
    summary: plain(summary), location: plain(location),
    organizer: plain(organizer), attendees: list(attendee).map(plain),
    alarms: list(alarms).map(({ action, trigger, description }) => [plain(action), seconds(trigger), plain(description)]),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(read);
