// Physical keys: `KeyboardEvent.code` to Linux input event codes (linux/input-event-codes.h).

const IN_A_ROW: [number, string][] = [
  [1, "Escape Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal Backspace"],
  [15, "Tab KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight Enter"],
  [29, "ControlLeft KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote Backquote"],
  [42, "ShiftLeft Backslash KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash ShiftRight NumpadMultiply"],
  [56, "AltLeft Space CapsLock F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 NumLock ScrollLock"],
  [71, "Numpad7 Numpad8 Numpad9 NumpadSubtract Numpad4 Numpad5 Numpad6 NumpadAdd Numpad1 Numpad2 Numpad3 Numpad0"],
  [83, "NumpadDecimal"],
  [85, "Lang5 IntlBackslash F11 F12 IntlRo Lang3 Lang4 Convert KanaMode NonConvert"],
  [96, "NumpadEnter ControlRight NumpadDivide PrintScreen AltRight"],
  [102, "Home ArrowUp PageUp ArrowLeft ArrowRight End ArrowDown PageDown Insert Delete"],
  [113, "AudioVolumeMute AudioVolumeDown AudioVolumeUp Power NumpadEqual"],
  [119, "Pause"],
  [121, "NumpadComma Lang1 Lang2 IntlYen MetaLeft MetaRight ContextMenu BrowserStop Again"],
  [131, "Undo Select Copy Open Paste Find Cut Help"],
  [140, "LaunchApp2"],
  [142, "Sleep WakeUp"],
  [155, "LaunchMail BrowserFavorites"],
  [158, "BrowserBack BrowserForward"],
  [161, "Eject"],
  [163, "MediaTrackNext MediaPlayPause MediaTrackPrevious MediaStop"],
  [172, "BrowserHome BrowserRefresh"],
  [183, "F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23 F24"],
  [217, "BrowserSearch"],
];

const CODES = new Map<string, number>();
for (const [first, names] of IN_A_ROW) {
  names.split(" ").forEach((name, index) => CODES.set(name, first + index));
}
// Older names of the same keys.
for (const [old, name] of [["OSLeft", "MetaLeft"], ["OSRight", "MetaRight"]] as const) {
  CODES.set(old, CODES.get(name) ?? 0);
}

/** The Linux code of a key, 0 when there is none. */
export function linuxCode(code: string): number {
  return CODES.get(code) ?? 0;
}
