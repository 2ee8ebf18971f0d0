import { describe, expect, it } from 'vitest';
import { Message } from './protobuf.ts';

// The examples are those of the protocol buffers encoding guide.
describe('Message', () => {
  it('writes varints seven bits at a time, the lowest first', () => {
    expect([...new Message().integer(1, 150).finish()]).toEqual([0x08, 0x96, 0x01]);
    expect([...new Message().integer(1, 2 ** 40).finish()]).toEqual([0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]);
  });

  it('writes negative numbers as int64 does, in ten bytes', () => {
    expect([...new Message().integer(1, -2).finish()]).toEqual([0x08, 0xfe, ...new Array<number>(8).fill(0xff), 0x01]);
  });

  it('writes texts with their length in bytes', () => {
    expect([...new Message().text(2, 'testing').finish()]).toEqual([
      0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67,
    ]);
    expect([...new Message().text(2, 'é').finish()]).toEqual([0x12, 0x02, 0xc3, 0xa9]);
  });

  it('writes messages inside messages', () => {
    expect([...new Message().message(3, new Message().integer(1, 150)).finish()]).toEqual([
      0x1a, 0x03, 0x08, 0x96, 0x01,
    ]);
  });

  it('writes fields above 15 with two bytes of tag, and floats in four bytes', () => {
    expect([...new Message().integer(20, 1).finish()]).toEqual([0xa0, 0x01, 0x01]);
    expect([...new Message().float(2, 1).finish()]).toEqual([0x15, 0x00, 0x00, 0x80, 0x3f]);
  });
});
