// node read_calendar.mjs PATH-OF-ICAL-JS < calendar.ics: what ical.js reads in it, as JSON.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { default: ICAL } = await import(pathToFileURL(process.argv[2]));

const calendar = new ICAL.Component(ICAL.parse(readFileSync(0, "utf8")));
for (const zone of calendar.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);

const address = (property) => property.getFirstValue().replace(/^mailto:/i, "");

const events = calendar.getAllSubcomponents("vevent").map((component) => {
  const event = new ICAL.Event(component);
  return {
    uid: event.uid,
    sequence: event.sequence,
    start: event.startDate.toJSDate().toISOString(),
    end: event.endDate.toJSDate().toISOString(),
    zone: event.startDate.zone.tzid,
    dtstamp: component.getFirstPropertyValue("dtstamp").toJSDate().toISOString(),
    status: component.getFirstPropertyValue("status"),
    organizer: component.hasProperty("organizer") ? address(component.getFirstProperty("organizer")) : null,
    attendees: component.getAllProperties("attendee").map(address),
    summary: event.summary,
    location: event.location,
  };
});
console.log(JSON.stringify({ method: calendar.getFirstPropertyValue("method"), events }));
