import { describe, expect, test } from "vitest";
import { FieldText } from "../src/input/ime.ts";
import { Accumulator, pictureAt, wheelTurn, wireButtons } from "../src/input/pointer.ts";
import { InputQueue } from "../src/input/queue.ts";
import { Touch } from "../src/input/touch.ts";

describe("text that is composed", () => {
  test.each([["value first", false], ["end first", true]])("comes once, %s", (_, endFirst) => {
    const { field, text, sent, rest } = composing();
    text.begin();
    field.value = "にほ";
    text.changed();
    expect(sent).toEqual([]);
    if (endFirst) text.end();
    field.value = "日本";
    text.changed();
    if (!endFirst) text.end();
    text.changed();
    rest();
    expect(sent.join("")).toBe(endFirst ? "にほ" : "日本");
    expect(field.value).toBe("");
  });

  test("a composition that begins at once does not send the first again", () => {
    const { field, text, sent, rest } = composing();
    text.begin();
    field.value = "漢";
    text.end();
    text.begin();
    rest();
    field.value = "漢字";
    text.end();
    rest();
    expect(sent).toEqual(["漢", "字"]);
    expect(field.value).toBe("");
  });

  test("an abandoned composition sends nothing", () => {
    const { field, text, sent } = composing();
    text.begin();
    field.value = "に";
    text.drop();
    text.changed();
    expect(sent).toEqual([]);
  });
});

describe("pointer", () => {
  test("buttons in the order of the wire", () => {
    expect([1, 2, 4, 8, 16, 31].map(wireButtons)).toEqual([1, 4, 2, 8, 16, 31]);
  });

  test("places, at any scale, never outside", () => {
    const box = { left: 10, top: 20, width: 100, height: 50 };
    const picture = { width: 200, height: 100 };
    expect(pictureAt({ clientX: 10, clientY: 20 }, box, picture)).toEqual({ x: 0, y: 0 });
    expect(pictureAt({ clientX: 60.5, clientY: 45 }, box, picture)).toEqual({ x: 101, y: 50 });
    expect(pictureAt({ clientX: 999, clientY: -5 }, box, picture)).toEqual({ x: 199, y: 0 });
  });

  test("a wheel's notch is 120 in every unit, and fractions add up", () => {
    expect(wheelTurn({ deltaX: 0, deltaY: 100, deltaMode: 0 })).toEqual({ dx: 0, dy: 120 });
    expect(wheelTurn({ deltaX: 0, deltaY: 66.7, deltaMode: 0, wheelDeltaY: -120 })).toEqual({ dx: 0, dy: 120 });
    expect(wheelTurn({ deltaX: 40, deltaY: 0, deltaMode: 0, wheelDeltaX: -120 })).toEqual({ dx: 48, dy: 0 });
    expect(wheelTurn({ deltaX: 0, deltaY: 3, deltaMode: 1 })).toEqual({ dx: 0, dy: 120 });
    const sum = new Accumulator();
    expect(sum.add(0, 0.4)).toBeNull();
    expect(sum.add(0, 0.4)).toBeNull();
    expect(sum.add(0, 0.4)).toEqual({ dx: 0, dy: 1 });
    expect(sum.add(-2.5, 0)).toEqual({ dx: -2, dy: 0 });
  });
});

describe("fingers", () => {
  test("a tap clicks", () => {
    const { touch, said } = fingers();
    touch.down(1, { x: 5, y: 6 });
    touch.move(1, { x: 7, y: 6 });
    touch.up(1);
    expect(said).toEqual([["at", 5, 6, 0], ["at", 5, 6, 1], ["at", 5, 6, 0]]);
  });

  test("a long press is the right button, and no click follows", () => {
    const { touch, said, wait } = fingers();
    touch.down(1, { x: 5, y: 6 });
    wait();
    touch.up(1);
    expect(said).toEqual([["at", 5, 6, 0], ["at", 5, 6, 4], ["at", 5, 6, 0]]);
  });

  test("a finger that moves drags from where it began", () => {
    const { touch, said } = fingers();
    touch.down(1, { x: 0, y: 0 });
    touch.move(1, { x: 30, y: 0 });
    touch.up(1);
    expect(said.slice(1)).toEqual([["at", 0, 0, 1], ["at", 30, 0, 1], ["at", 30, 0, 0]]);
  });

  test("two fingers turn the wheel and nothing else, until both are up", () => {
    const { touch, said, wait } = fingers();
    touch.down(1, { x: 0, y: 100 });
    touch.down(2, { x: 20, y: 100 });
    touch.move(1, { x: 0, y: 60 });
    wait();
    touch.up(1);
    touch.move(2, { x: 90, y: 90 });
    touch.up(2);
    expect(said.slice(1)).toEqual([["wheel", 0, 60]]);
  });
});

test("what is held comes in order when it is released, and an older release does nothing", () => {
  const sent: number[] = [];
  const queue = new InputQueue<number>((item) => sent.push(item));
  queue.push(1);
  const first = queue.hold();
  queue.push(2);
  const second = queue.hold();
  queue.push(3);
  first();
  expect(sent).toEqual([1]);
  second();
  queue.push(4);
  second();
  expect(sent).toEqual([1, 2, 3, 4]);
});

function composing() {
  const field = { value: "" };
  const sent: string[] = [];
  const tasks: (() => void)[] = [];
  const text = new FieldText(field, (piece) => sent.push(piece), (task) => tasks.push(task));
  const rest = () => {
    for (const task of tasks.splice(0)) task();
  };
  return { field, text, sent, rest };
}

function fingers() {
  const said: (string | number)[][] = [];
  let timer: (() => void) | null = null;
  const touch = new Touch(
    {
      pointer: ({ x, y }, buttons) => said.push(["at", x, y, buttons]),
      wheel: (dx, dy) => said.push(["wheel", dx + 0, dy]),
    },
    (_, task) => {
      timer = task;
      return () => void (timer = null);
    },
  );
  return { touch, said, wait: () => timer?.() };
}
