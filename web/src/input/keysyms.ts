// Characters and functions: `KeyboardEvent.key` to X keysyms (X11/keysymdef.h).

/** `KeyboardEvent.location`. */
const Location = { Right: 2, Numpad: 3 } as const;

/** Keys without a character. Two numbers are for the left and the right one. */
const NAMED: Record<string, number | [number, number]> = {
  Backspace: 0xff08,
  Tab: 0xff09,
  Clear: 0xff0b,
  Enter: 0xff0d,
  Pause: 0xff13,
  ScrollLock: 0xff14,
  Escape: 0xff1b,
  Compose: 0xff20,
  KanjiMode: 0xff21,
  NonConvert: 0xff22,
  Convert: 0xff23,
  Romaji: 0xff24,
  Hiragana: 0xff25,
  Katakana: 0xff26,
  HiraganaKatakana: 0xff27,
  Zenkaku: 0xff28,
  Hankaku: 0xff29,
  ZenkakuHankaku: 0xff2a,
  KanaMode: 0xff2d,
  Eisu: 0xff30,
  Alphanumeric: 0xff30,
  HangulMode: 0xff31,
  HanjaMode: 0xff34,
  JunjaMode: 0xff38,
  SingleCandidate: 0xff3c,
  AllCandidates: 0xff3d,
  PreviousCandidate: 0xff3e,
  Home: 0xff50,
  ArrowLeft: 0xff51,
  ArrowUp: 0xff52,
  ArrowRight: 0xff53,
  ArrowDown: 0xff54,
  PageUp: 0xff55,
  PageDown: 0xff56,
  End: 0xff57,
  Select: 0xff60,
  PrintScreen: 0xff61,
  Execute: 0xff62,
  Insert: 0xff63,
  Undo: 0xff65,
  Redo: 0xff66,
  ContextMenu: 0xff67,
  Find: 0xff68,
  Cancel: 0xff69,
  Help: 0xff6a,
  ModeChange: 0xff7e,
  NumLock: 0xff7f,
  Shift: [0xffe1, 0xffe2],
  Control: [0xffe3, 0xffe4],
  CapsLock: 0xffe5,
  Alt: [0xffe9, 0xffea],
  Meta: [0xffeb, 0xffec],
  Super: [0xffeb, 0xffec],
  OS: [0xffeb, 0xffec],
  Hyper: [0xffed, 0xffee],
  AltGraph: 0xfe03,
  Delete: 0xffff,
  AudioVolumeDown: 0x1008ff11,
  AudioVolumeMute: 0x1008ff12,
  AudioVolumeUp: 0x1008ff13,
  MediaPlayPause: 0x1008ff14,
  MediaStop: 0x1008ff15,
  MediaTrackPrevious: 0x1008ff16,
  MediaTrackNext: 0x1008ff17,
  BrowserHome: 0x1008ff18,
  LaunchMail: 0x1008ff19,
  BrowserSearch: 0x1008ff1b,
  LaunchCalculator: 0x1008ff1d,
  BrowserBack: 0x1008ff26,
  BrowserForward: 0x1008ff27,
  BrowserStop: 0x1008ff28,
  BrowserRefresh: 0x1008ff29,
  BrowserFavorites: 0x1008ff30,
  Copy: 0x1008ff57,
  Cut: 0x1008ff58,
  Paste: 0x1008ff6d,
};

/** What the keys of the number pad are called there. */
const NUMPAD: Record<string, number> = {
  Enter: 0xff8d,
  Home: 0xff95,
  ArrowLeft: 0xff96,
  ArrowUp: 0xff97,
  ArrowRight: 0xff98,
  ArrowDown: 0xff99,
  PageUp: 0xff9a,
  PageDown: 0xff9b,
  End: 0xff9c,
  Clear: 0xff9d,
  Insert: 0xff9e,
  Delete: 0xff9f,
  "*": 0xffaa,
  "+": 0xffab,
  ",": 0xffac,
  "-": 0xffad,
  ".": 0xffae,
  "/": 0xffaf,
  "=": 0xffbd,
};

/** Characters with a keysym older than Unicode that layouts use. */
const OLD: Record<string, number> = {
  "‾": 0x047e, "。": 0x04a1, "「": 0x04a2, "」": 0x04a3, "、": 0x04a4, "・": 0x04a5, "ー": 0x04b0, "゛": 0x04de, "゜": 0x04df,
  "€": 0x20ac,
};

/** The keysym of a key event, 0 when there is none. */
export function keysymOf({ key, location }: Pick<KeyboardEvent, "key" | "location">): number {
  if (location === Location.Numpad) {
    const digit = /^[0-9]$/.test(key) ? 0xffb0 + Number(key) : NUMPAD[key];
    if (digit !== undefined) return digit;
  }
  const named = Object.hasOwn(NAMED, key) ? NAMED[key] : undefined;
  if (typeof named === "number") return named;
  if (named) return named[location === Location.Right ? 1 : 0];
  const fn = /^F([0-9]{1,2})$/.exec(key);
  if (fn) return functionKey(Number(fn[1]));
  return characterKeysym(key);
}

/** The keysym of one character, 0 for anything else. */
export function characterKeysym(text: string): number {
  const [character, ...more] = text;
  if (character === undefined || more.length > 0) return 0;
  const point = character.codePointAt(0) ?? 0;
  // Latin-1 is itself; everything else has a number above Unicode's.
  if ((point >= 0x20 && point <= 0x7e) || (point >= 0xa0 && point <= 0xff)) return point;
  if (point < 0x100) return 0;
  return OLD[character] ?? 0x0100_0000 + point;
}

function functionKey(number: number): number {
  return number >= 1 && number <= 35 ? 0xffbe + number - 1 : 0;
}
