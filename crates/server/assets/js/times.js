// The service writes times as they are in Japan; here they become those of the viewer's zone.

const lang = document.documentElement.lang === "ja" ? "ja-JP" : "en-GB";
const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const format = new Intl.DateTimeFormat(lang, { year: "numeric", month: "short", day: "numeric", ...clock });
const hours = new Intl.DateTimeFormat(lang, clock);
const exact = new Intl.DateTimeFormat(lang, { dateStyle: "full", timeStyle: "long" });
const today = new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(0, "day");

export function showTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.valueOf())) continue;
    const sameDay = at.toDateString() === new Date().toDateString();
    element.textContent = sameDay ? `${today} ${hours.format(at)}` : format.format(at);
    element.title = exact.format(at);
  }
}

showTimes(document);
