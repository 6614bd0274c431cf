// The service writes times as they are in Japan; here they become those of the viewer's zone.

const lang = document.documentElement.lang;
const format = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" });
const hours = new Intl.DateTimeFormat(lang, { timeStyle: "short" });
const exact = new Intl.DateTimeFormat(lang, { dateStyle: "full", timeStyle: "long" });
const today = new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(0, "day");

for (const element of document.querySelectorAll("time[datetime]")) {
  const at = new Date(element.dateTime);
  if (Number.isNaN(at.valueOf())) continue;
  const sameDay = at.toDateString() === new Date().toDateString();
  element.textContent = sameDay ? `${today} ${hours.format(at)}` : format.format(at);
  element.title = exact.format(at);
}
