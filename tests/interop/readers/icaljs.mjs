// Reads calendars with ical.js, which is Thunderbird's parser.
import { fileURLToPath } from "node:url";
import { main, module } from "./main.mjs";

const { default: ICAL } = await import(module("ical.js/dist/ical.js"));

function read(text) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const zones = calendar.getAllSubcomponents("vtimezone");
  for (const zone of zones) ICAL.TimezoneService.register(zone);
  decode(calendar);
  const faults = calendar.name === "vcalendar" ? [] : [`the component is a ${calendar.name}`];
  const events = calendar.getAllSubcomponents("vevent").map(event);
  ICAL.TimezoneService.reset();
  return { method: calendar.getFirstPropertyValue("method"), events, faults };
}

// Values are parsed when they are asked for; this asks for all of them.
function decode(component) {
  for (const property of component.getAllProperties()) property.getValues().map(String);
  component.getAllSubcomponents().forEach(decode);
}

function event(component) {
  const { uid, sequence, startDate, endDate, summary, location } = new ICAL.Event(component);
  const value = (name) => component.getFirstPropertyValue(name);
  return {
    uid, sequence, summary, location,
    start: startDate.toJSDate(), end: endDate.toJSDate(), dtstamp: value("dtstamp").toJSDate(),
    zone: startDate.zone.tzid,
    status: value("status"), organizer: value("organizer"),
    attendees: component.getAllProperties("attendee").map((property) => property.getFirstValue()),
    alarms: component.getAllSubcomponents("valarm").map((alarm) => [
      alarm.getFirstPropertyValue("action"), alarm.getFirstPropertyValue("trigger").toSeconds(),
      alarm.getFirstPropertyValue("description"),
    ]),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(read);
